import Supervision

/// A child as the model and the scenarios know it. Times are whole milliseconds.
struct ModelSpec: Equatable, Sendable {
    var name: String
    var restart = Restart.permanent
    /// nil: unlimited.
    var shutdown: Int? = 5000
    var backoff: Backoff?
    var isSignificant = false
    var startDeadline: Int? = 60_000
    var liveness: Int?
    /// What the child supervises; nil for a worker.
    var tree: ModelTree?
}

/// A supervisor as the model and the scenarios know it.
struct ModelTree: Equatable, Sendable {
    var strategy = Strategy.oneForOne
    var restarts = 1
    var period = 5000
    var autoShutdown = AutoShutdown.never
    var abandonedLimit = 4
    /// In the order of their start; for a dynamic supervisor the one that all its children are like.
    var children: [ModelSpec] = []
    var isDynamic = false
    var maxChildren = Int.max
}

/// What can be asked of a supervisor at run time.
enum ModelRequest: Equatable {
    case start(ModelSpec)
    case startDynamic
    case stop(String)
    case restart(String)
    case delete(String)
    case reconfigure(ModelTree)
}

extension ModelRequest: CustomStringConvertible {
    var description: String {
        switch self {
        case .start(let spec): "start \(spec)"
        case .startDynamic: "start one more"
        case .stop(let name): "stop \(name)"
        case .restart(let name): "restart \(name)"
        case .delete(let name): "delete \(name)"
        case .reconfigure(let tree): "reconfigure \(tree)"
        }
    }
}

extension ModelSpec: CustomStringConvertible {
    var description: String {
        var parts = ["\(restart)"]
        if isSignificant { parts.append("significant") }
        if shutdown != 5000 { parts.append("shutdown \(shutdown.map { "\($0)" } ?? "unlimited")") }
        if let backoff {
            parts.append("backoff \(backoff.initial)...\(backoff.maximum) reset after \(backoff.resetAfter)")
        }
        if let startDeadline, startDeadline != 60_000 { parts.append("start deadline \(startDeadline)") }
        if let liveness { parts.append("liveness \(liveness)") }
        let lines = tree.map { "\n" + "\($0)".split(separator: "\n").map { "  \($0)" }.joined(separator: "\n") }
        return "\(name): \(parts.joined(separator: ", "))\(lines ?? "")"
    }
}

extension ModelTree: CustomStringConvertible {
    var description: String {
        var parts = [isDynamic ? "dynamic" : "\(strategy)", "\(restarts) restarts in \(period)"]
        if autoShutdown != .never { parts.append("ends with \(autoShutdown)") }
        if abandonedLimit != 4 { parts.append("at most \(abandonedLimit) abandoned") }
        if maxChildren != .max { parts.append("at most \(maxChildren) children") }
        return ([parts.joined(separator: ", ")] + children.map(\.description)).joined(separator: "\n")
    }
}
