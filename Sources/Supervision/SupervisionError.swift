/// Why a supervisor could not be made, could not start, or gave up.
public enum SupervisionError: Error, CustomStringConvertible {
    /// Two children of a supervisor have the same id.
    case duplicateChild(id: String, supervisor: String)

    /// The supervisor runs already: one value of ``Supervisor`` is one tree.
    case alreadyRunning(supervisor: String)

    /// The first start of a child without a ``Backoff`` threw. `path` leads from the outermost supervisor to the child.
    case startFailed(path: [String], underlying: any Error)

    /// A child failed more often than the ``Intensity`` allows. `path` leads from the outermost supervisor to the child,
    /// `underlying` is the child's last error, nil when it ended without one.
    case intensityExceeded(path: [String], intensity: Intensity, underlying: (any Error)?)

    public var description: String {
        switch self {
        case .duplicateChild(let id, let supervisor):
            return "supervisor \(supervisor) has two children named \(id)"
        case .alreadyRunning(let supervisor):
            return "supervisor \(supervisor) runs already"
        case .startFailed(let path, let underlying):
            return "\(path.joined(separator: "/")) could not start: \(underlying)"
        case .intensityExceeded(let path, let intensity, let underlying):
            let reason = underlying.map { "the last error was: \($0)" } ?? "it ended without an error"
            return "\(path.joined(separator: "/")) needed more than \(intensity.restarts) restarts within "
                + "\(intensity.period), \(reason)"
        }
    }
}
