/// Why a supervisor refused something, could not start, or gave up; and what it says of a child it had to end.
public enum SupervisionError: Error, CustomStringConvertible {
    /// Two children of a supervisor have the same id.
    case duplicateChild(id: String, supervisor: String)

    /// A child spec that no supervisor takes, or not this one.
    case invalidSpec(id: String, supervisor: String, reason: String)

    /// A property of the supervisor itself is out of range.
    case invalidConfiguration(supervisor: String, reason: String)

    /// The supervisor runs already: one value of ``Supervisor`` is one tree.
    case alreadyRunning(supervisor: String)

    /// The supervisor does not run, or is about to end.
    case notRunning(supervisor: String)

    /// The supervisor has no child of this name.
    case unknownChild(id: String, supervisor: String)

    /// A child of this name runs already.
    case alreadyStarted(id: String, supervisor: String)

    /// A child of this name is known already, and does not run: restart it or delete it.
    case alreadyPresent(id: String, supervisor: String)

    /// The child runs: stop it first.
    case childRunning(id: String, supervisor: String)

    /// The child is being restarted: stop it first.
    case childRestarting(id: String, supervisor: String)

    /// A dynamic supervisor has as many children as it may.
    case tooManyChildren(supervisor: String, maximum: Int)

    /// A child's start function called a supervisor that waits for it.
    case reentrantCall(supervisor: String)

    /// The first start of a child threw. `path` leads from the outermost supervisor to the child.
    case startFailed(path: [String], underlying: any Error)

    /// The child's start function did not return within its ``ChildSpec/startDeadline``.
    case startDeadlineExceeded(path: [String], deadline: Duration)

    /// The child did not check in within its ``ChildSpec/liveness`` deadline.
    case livenessMissed(path: [String], deadline: Duration)

    /// A child failed more often than the ``Intensity`` allows. `path` leads from the outermost supervisor to the child,
    /// `underlying` is the child's last error, nil when it ended without one.
    case intensityExceeded(path: [String], intensity: Intensity, underlying: (any Error)?)

    /// More children than tolerated ignore that they were cancelled, and still run. Only the end of the process ends
    /// them for certain.
    case tooManyAbandoned(path: [String], limit: Int)

    public var description: String {
        switch self {
        case .duplicateChild(let id, let supervisor):
            return "supervisor \(supervisor) has two children named \(id)"
        case .invalidSpec(let id, let supervisor, let reason):
            return "supervisor \(supervisor) refuses the child \(id): \(reason)"
        case .invalidConfiguration(let supervisor, let reason):
            return "supervisor \(supervisor) cannot be as asked: \(reason)"
        case .alreadyRunning(let supervisor):
            return "supervisor \(supervisor) runs already"
        case .notRunning(let supervisor):
            return "supervisor \(supervisor) does not run"
        case .unknownChild(let id, let supervisor):
            return "supervisor \(supervisor) has no child \(id)"
        case .alreadyStarted(let id, let supervisor):
            return "child \(id) of supervisor \(supervisor) runs already"
        case .alreadyPresent(let id, let supervisor):
            return "supervisor \(supervisor) has a child \(id) that does not run: restart it, or delete it first"
        case .childRunning(let id, let supervisor):
            return "child \(id) of supervisor \(supervisor) runs: stop it first"
        case .childRestarting(let id, let supervisor):
            return "child \(id) of supervisor \(supervisor) is being restarted: stop it first"
        case .tooManyChildren(let supervisor, let maximum):
            return "supervisor \(supervisor) has \(maximum) children and takes no more"
        case .reentrantCall(let supervisor):
            return "supervisor \(supervisor) waits for the start function that called it: call it from the child's body"
        case .startFailed(let path, let underlying):
            return "\(path.joined(separator: "/")) could not start: \(underlying)"
        case .startDeadlineExceeded(let path, let deadline):
            return "\(path.joined(separator: "/")) did not start within \(deadline)"
        case .livenessMissed(let path, let deadline):
            return "\(path.joined(separator: "/")) gave no sign of life for \(deadline)"
        case .intensityExceeded(let path, let intensity, let underlying):
            let reason = underlying.map { "the last error was: \($0)" } ?? "it ended without an error"
            return "\(path.joined(separator: "/")) needed more than \(intensity.restarts) restarts within "
                + "\(intensity.period), \(reason)"
        case .tooManyAbandoned(let path, let limit):
            return "\(path.joined(separator: "/")) has more than \(limit) children that ignore cancellation"
        }
    }
}
