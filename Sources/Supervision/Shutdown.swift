/// How long a supervisor waits for a cancelled child to end before it abandons it.
///
/// A Swift task cannot be killed. An abandoned child may go on running and holding what it holds; it is counted and
/// reported, and only the end of the process ends it for certain.
public enum Shutdown: Sendable, Hashable {
    /// Wait this long. Zero and less: do not wait.
    case within(Duration)

    /// Wait until it ends, however long it takes. For nested supervisors, whose children have limits of their own.
    case unlimited
}

extension Shutdown {
    /// Whether a cancelled child gets any time to end.
    var isWaiting: Bool {
        switch self {
        case .within(let limit): limit > .zero
        case .unlimited: true
        }
    }
}
