/// Names one child of a ``DynamicSupervisor``, through all its restarts. Never given to another child.
public struct DynamicChild: Sendable, Hashable, CustomStringConvertible {
    let key: Int
    let supervisor: String

    /// The child's id, as events and snapshots show it.
    public var description: String { "\(supervisor)#\(key)" }
}
