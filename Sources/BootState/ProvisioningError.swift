/// Why settings cannot be provisioned on a card.
public enum ProvisioningError: Error, Sendable, Equatable, CustomStringConvertible {
    case invalidName(String)
    case invalidValue(name: String)
    /// All settings together need more than `room` bytes.
    case tooLarge(room: Int)

    public var description: String {
        switch self {
        case .invalidName(let name): "'\(name)' cannot name a setting: use letters, digits, '.', '_' and '-'"
        case .invalidValue(let name): "the value of \(name) is not one line of text"
        case .tooLarge(let room): "the settings need more than the \(room) bytes a card has for them: shorten them"
        }
    }
}
