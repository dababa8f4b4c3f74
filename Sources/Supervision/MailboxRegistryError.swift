/// Why a ``MailboxRegistry`` refused.
public enum MailboxRegistryError: Error, Hashable, CustomStringConvertible {
    /// A name must not be empty.
    case emptyName

    /// Another mailbox has the name.
    case nameTaken(String)

    /// The registry holds as many names as it may.
    case full(capacity: Int)

    /// No mailbox has the name.
    case unknownName(String)

    /// The mailbox of that name holds elements of another type.
    case wrongElement(name: String, registered: String, requested: String)

    public var description: String {
        switch self {
        case .emptyName: "a mailbox was to be registered under an empty name; give it one"
        case .nameTaken(let name):
            "the name \(name) belongs to another mailbox; unregister that one or choose another name"
        case .full(let capacity):
            "the registry holds \(capacity) mailboxes and takes no more; make it with a larger capacity"
        case .unknownName(let name): "no mailbox is registered under \(name)"
        case .wrongElement(let name, let registered, let requested):
            "the mailbox \(name) holds elements of type \(registered), not \(requested)"
        }
    }
}
