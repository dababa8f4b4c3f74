/// Which changes of an input line become events.
public enum EdgeDetection: Sendable, Hashable {
    case none
    /// From low to high.
    case rising
    /// From high to low.
    case falling
    case both
}
