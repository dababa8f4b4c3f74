import Glibc

/// A system call on a file failed.
public struct FileError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was tried, as in "cannot OPERATION PATH".
    public let operation: String
    public let path: String
    /// The `errno` of the call.
    public let code: Int32

    init(_ operation: String, _ path: String, code: Int32 = errno) {
        self.operation = operation
        self.path = path
        self.code = code
    }

    public var description: String {
        "cannot \(operation) \(path): \(String(cString: strerror(code)))"
    }
}
