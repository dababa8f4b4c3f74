/// One of the two places on the card that hold a complete system.
public enum Slot: String, Sendable, Equatable, CaseIterable {
    case a
    case b

    public var other: Slot {
        switch self {
        case .a: .b
        case .b: .a
        }
    }
}
