/// How many children a supervisor has, as OTP's `count_children`.
public struct ChildCounts: Sendable, Hashable {
    /// Children known, whether they run or not.
    public var specs = 0
    /// Children that run.
    public var active = 0
    /// Nested supervisors known, whether they run or not.
    public var supervisors = 0
    /// All other children known, whether they run or not.
    public var workers = 0
}
