/// Which children are restarted when one of them fails.
public enum Strategy: Sendable, Hashable {
    /// The failed child alone.
    case oneForOne

    /// All of them: the others are stopped, in reverse order, then all are started in order.
    case oneForAll

    /// The failed child and those after it: these are stopped, in reverse order, then all of them are started in order.
    case restForOne
}
