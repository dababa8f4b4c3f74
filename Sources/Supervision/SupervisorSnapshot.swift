/// A supervisor and its children at one moment. Its description is the tree as text, one line each.
///
/// Each supervisor answers for its own children: those of different supervisors may be some microseconds apart.
public struct SupervisorSnapshot: Sendable, CustomStringConvertible {
    public let id: String
    public let strategy: Strategy
    public let intensity: Intensity
    public let autoShutdown: AutoShutdown

    /// Restarts that count towards the intensity now.
    public let recentRestarts: Int

    /// Children that were abandoned since the supervisor was made.
    public let abandoned: Int

    /// Abandoned children whose tasks still run.
    public let abandonedStillRunning: Int

    /// In the order of their start.
    public let children: [ChildSnapshot]

    public var description: String {
        var lines = ["\(id) (\(strategyText), \(recentRestarts) of \(intensity.restarts) restarts\(abandonedText))"]
        appendChildren(to: &lines, indent: "")
        return lines.joined(separator: "\n")
    }

    private var strategyText: String {
        switch strategy {
        case .oneForOne: "one-for-one"
        case .oneForAll: "one-for-all"
        case .restForOne: "rest-for-one"
        }
    }

    private var abandonedText: String {
        abandoned == 0 ? "" : ", \(abandoned) abandoned, \(abandonedStillRunning) of them running"
    }

    private func appendChildren(to lines: inout [String], indent: String) {
        for (index, child) in children.enumerated() {
            let isLast = index == children.count - 1
            var line = indent + (isLast ? "└─ " : "├─ ") + child.description
            if let supervisor = child.supervisor { line += ", \(supervisor.strategyText)\(supervisor.abandonedText)" }
            lines.append(line)
            child.supervisor?.appendChildren(to: &lines, indent: indent + (isLast ? "   " : "│  "))
        }
    }
}
