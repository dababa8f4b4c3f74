public import BootState
internal import Glibc

/// Why the card, or a file that stands in for it, cannot be used.
public enum CardError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A system call failed. `operation` as in "cannot OPERATION PATH"; `code` is its `errno`.
    case system(operation: String, path: String, code: Int32)
    /// Nothing lies there: the card, or the part of it that may be used, is smaller.
    case outOfRange(path: String, offset: Int, count: Int)
    /// What was read back is not what was written.
    case writtenWrongly(path: String, offset: Int)
    /// Sector 0 is no partition table of an Apus card.
    case noApusCard(path: String)
    case bootState(BootStateError)
    /// Another program is in the middle of a change of the boot state, and does not come to its end.
    case bootStateInUse

    static func system(_ operation: String, _ path: String, code: Int32 = errno) -> CardError {
        .system(operation: operation, path: path, code: code)
    }

    public var description: String {
        switch self {
        case .system(let operation, let path, let code):
            "cannot \(operation) \(path): \(String(cString: strerror(code)))"
        case .outOfRange(let path, let offset, let count): "\(path) has no \(count) bytes at \(offset)"
        case .writtenWrongly(let path, let offset):
            "\(path) does not keep what is written to it (byte \(offset)): the card is worn out or damaged; replace it"
        case .noApusCard(let path): "\(path) is not an Apus card: it lacks its partition table"
        case .bootState(let error): error.description
        case .bootStateInUse: "another program has been changing the boot state for too long"
        }
    }
}
