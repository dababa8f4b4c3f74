import Glibc

/// Reads a bundle once from front to back, from a file or a pipe.
///
/// Opening it reads and checks the head. ``readPayloads(_:)`` then hands out one verified chunk after the other. Memory
/// stays below a few MB, whatever the file says. All calls block: on a device they belong on a thread of their own.
public struct BundleReader: ~Copyable {
    public let head: BundleHead
    public var manifest: Manifest { head.manifest }

    private let file: File

    /// Opens a bundle file.
    ///
    /// A regular file that is shorter or longer than its manifest says is refused here; a pipe only when its end comes.
    public init(path: String, trust: BundleTrust) throws(BundleError) {
        let file = try inBundleErrors { () throws(FileError) in try File(path, O_RDONLY) }
        try self.init(file, trust: trust)
    }

    /// Reads a bundle from an open pipe, socket or file, which is closed afterwards.
    init(takingOver descriptor: Int32, trust: BundleTrust) throws(BundleError) {
        try self.init(File(takingOver: descriptor, path: "the bundle"), trust: trust)
    }

    private init(_ file: File, trust: BundleTrust) throws(BundleError) {
        let head = try BundleHead(Self.headBytes(file), trust: trust)
        if let fileSize = try inBundleErrors({ () throws(FileError) in try file.regularSize }) {
            if fileSize < head.bundleSize { throw .truncated(size: fileSize) }
            if fileSize > head.bundleSize { throw .trailingBytes }
        }
        self.head = head
        self.file = file
    }

    /// The head as it stands at the file's position.
    static func headBytes(_ file: File) throws(BundleError) -> [UInt8] {
        let prefix = try inBundleErrors { () throws(FileError) in try file.read(BundleHead.prefixSize) }
        let size = try BundleHead.size(prefix: prefix)
        return try prefix + read(size - prefix.count, from: file, at: prefix.count)
    }

    /// A verified piece of a payload's content.
    public struct Piece {
        public let payload: Manifest.Payload
        /// Where the content belongs in the payload.
        public let offset: Int
        public let content: [UInt8]
    }

    /// Reads all payloads in their order and passes each chunk on once its content is verified. Nothing is passed for
    /// an empty payload.
    ///
    /// What the sink has received is as signed, but the bundle as a whole is only when this returns: before that it may
    /// still turn out to be cut off.
    ///
    /// - Throws: ``BundleError``, or what the sink throws.
    public consuming func readPayloads(_ sink: (Piece) throws -> Void) throws {
        for (index, payload) in manifest.payloads.enumerated() {
            var hash = SHA256()
            for chunk in head.chunks.of(payload: index) {
                let stored = try Self.read(chunk.storedSize, from: file, at: chunk.storedOffset)
                let content = try chunk.content(of: stored)
                hash.update(content)
                try sink(Piece(payload: payload, offset: chunk.offset, content: content))
            }
            guard hash.finalize() == payload.sha256 else { throw BundleError.payloadInconsistent(payload.name) }
        }
        let rest = try inBundleErrors { [file] () throws(FileError) in try file.read(1) }
        guard rest.isEmpty else { throw BundleError.trailingBytes }
    }

    /// The content of one payload of a regular file, verified; what is read front to back is not touched by it.
    ///
    /// - Parameters:
    ///   - payload: an index of ``Manifest/payloads``.
    ///   - maximumSize: more content than this is refused.
    public borrowing func content(ofPayload payload: Int, maximumSize: Int) throws(BundleError) -> [UInt8] {
        let description = manifest.payloads[payload]
        guard description.size <= maximumSize else {
            throw .tooLarge("payload \(description.name)", size: description.size, maximum: maximumSize)
        }
        var content: [UInt8] = []
        for chunk in head.chunks.of(payload: payload) {
            let stored = try inBundleErrors { [file] () throws(FileError) in
                try file.read(chunk.storedSize, at: chunk.storedOffset)
            }
            content += try chunk.content(of: stored)
        }
        guard SHA256.digest(of: content) == description.sha256 else { throw .payloadInconsistent(description.name) }
        return content
    }

    /// Reads `count` bytes that stand at `position`.
    private static func read(_ count: Int, from file: File, at position: Int) throws(BundleError) -> [UInt8] {
        let bytes = try inBundleErrors { () throws(FileError) in try file.read(count) }
        guard bytes.count == count else { throw .truncated(size: position + bytes.count) }
        return bytes
    }
}

/// Passes file errors on as bundle errors.
func inBundleErrors<Value>(_ body: () throws(FileError) -> Value) throws(BundleError) -> Value {
    do throws(FileError) {
        return try body()
    } catch {
        throw .file(error)
    }
}
