/// How readings go to a file: a SenML pack in JSON on each line.
public struct FileOptions: Sendable, Hashable {
    /// The file, in a folder that exists. When it is full it becomes the older one, with `.1` behind its name.
    public var path: String

    /// Bytes of a full file, at least 64 KiB; with the older one twice that.
    public var size = 16 << 20

    /// From one line to the next at least, so that readings of one moment share the kilobytes that a line costs the disk. A
    /// reading after a time of silence goes at once.
    public var interval = Duration.seconds(1)

    /// - Parameter path: as ``path``.
    public init(_ path: String) {
        self.path = path
    }

    /// Why the options cannot be used.
    struct Problem: Error, Hashable, CustomStringConvertible {
        let description: String
    }

    /// Above what one message may have.
    private static let smallestSize = 64 << 10

    /// - Throws: what is not valid.
    func check() throws(Problem) {
        guard !path.isEmpty, !path.utf8.contains(0) else { throw Problem(description: "the file has no name") }
        guard size >= Self.smallestSize else {
            throw Problem(description: "the file's size must be at least \(Self.smallestSize) bytes, not \(size)")
        }
    }
}
