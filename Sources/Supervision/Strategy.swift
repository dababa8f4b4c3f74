/// Which children are restarted when one of them fails.
public enum Strategy: Sendable, Hashable {
    /// The failed child alone.
    case oneForOne
}
