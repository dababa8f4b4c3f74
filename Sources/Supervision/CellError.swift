internal import Threads

/// Why a child that is to run in a cell did not, or what it ended with there.
public enum CellError: Error, CustomStringConvertible {
    /// The child threw an error, of which only the text crosses from the cell.
    case thrown(String)

    /// The program of the cell has no such child. `reason` says what it has instead.
    case unknownChild(path: [String], reason: String)

    /// A system call failed, with this errno.
    case system(String, code: Int32)

    public var description: String {
        switch self {
        case .thrown(let text): text
        case .unknownChild(let path, let reason):
            "the cell finds no child \(path.joined(separator: "/")): \(reason)"
        case .system(let what, let code): "\(what): \(systemMessage(code))"
        }
    }
}
