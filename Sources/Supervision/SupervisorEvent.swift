/// Something a supervisor did or saw, for logs and for tests. Its description is one line for a log.
public struct SupervisorEvent: Sendable, CustomStringConvertible {
    public enum Kind: Sendable {
        /// The child's start function returned. `restarts` counts its starts before this one since the supervisor began.
        case started(restarts: Int)

        /// The child's start function returned nothing to run.
        case ignored

        /// The child threw, in either phase, or missed one of its deadlines.
        case failed(any Error)

        /// The child returned by itself, without an error.
        case finished

        /// The child will be started again after this delay.
        case restarting(in: Duration)

        /// The child ended because its supervisor told it to.
        case stopped

        /// The child still ran when its shutdown time was over and is no longer waited for. `total` counts all those the
        /// supervisor abandoned since it was made.
        case abandoned(total: Int)

        /// The child failed and the supervisor ends: one restart more would exceed its intensity, it was the child's
        /// first start, or too many children were abandoned.
        case gaveUp
    }

    /// The ids from the outermost supervisor down to the child's own.
    let supervisors: [String]

    /// The child's id.
    public let id: String

    public let kind: Kind

    /// The ids from the outermost supervisor down to the child.
    public var path: [String] { supervisors + [id] }

    public var description: String {
        let child = path.joined(separator: "/")
        switch kind {
        case .started(restarts: 0): return "\(child) started"
        case .started(let restarts): return "\(child) started again, restart \(restarts)"
        case .ignored: return "\(child) has nothing to run"
        case .failed(let error): return "\(child) failed: \(Self.oneLine(error))"
        case .finished: return "\(child) finished"
        case .restarting(let delay): return "\(child) restarts in \(Self.text(delay))"
        case .stopped: return "\(child) stopped"
        case .abandoned(let total): return "\(child) did not stop in its time: abandoned, \(total) in all"
        case .gaveUp: return "\(child) is given up"
        }
    }

    /// What an error says of itself, its line breaks as spaces.
    static func oneLine(_ error: any Error) -> String {
        "\(error)".split(whereSeparator: \.isNewline).joined(separator: " ")
    }

    /// Seconds with three decimals.
    static func text(_ duration: Duration) -> String {
        // 10^15 attoseconds are a millisecond.
        let (seconds, attoseconds) = duration.components
        let milliseconds = String(attoseconds / 1_000_000_000_000_000)
        return "\(seconds)." + String(repeating: "0", count: max(0, 3 - milliseconds.count)) + milliseconds + " s"
    }
}
