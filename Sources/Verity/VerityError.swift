internal import Glibc

/// A step of setting up the mapped device failed.
public struct VerityError: Error, Sendable, CustomStringConvertible {
    /// As in "cannot OPERATION".
    public let operation: String
    /// `errno`.
    public let code: Int32

    init(_ operation: String) {
        self.operation = operation
        code = errno
    }

    public var description: String { "cannot \(operation): \(String(cString: strerror(code)))" }
}
