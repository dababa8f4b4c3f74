import Supervision

/// All children started, then all stopped by the end of their supervisor.
enum StartStop {
    static func measure(count: Int) async throws {
        for (name, start) in [("static", ParkedChildren.static), ("dynamic", ParkedChildren.dynamic)] {
            let begun = Resources.nanoseconds()
            let tree = try await start(count)
            let started = Resources.nanoseconds()
            await tree.stop()
            let stopped = Resources.nanoseconds()
            SupervisionBench.print("\(name).start.us", Double(started - begun) / 1000 / Double(count))
            SupervisionBench.print("\(name).stop.us", Double(stopped - started) / 1000 / Double(count))
        }
    }
}
