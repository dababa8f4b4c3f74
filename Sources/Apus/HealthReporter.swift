internal import Supervision

/// Tells PID 1 that the app lives, and when it is healthy: apus-init then confirms a version on trial.
///
/// The supervisors are asked for each report, so that an app whose supervisors hang stops reporting, and is killed.
struct HealthReporter<C: Clock>: Sendable where C.Duration == Duration {
    /// PID 1 gives up on an app after fifteen times that.
    static var interval: Duration { .seconds(2) }

    let rules: HealthRules
    let checks: HealthChecks
    let clock: C
    let snapshot: @Sendable () async -> SupervisorSnapshot
    let areBrokersConnected: @Sendable () -> Bool?
    /// Sends a word.
    let report: @Sendable (String) -> Void
    /// Takes lines for the console.
    let log: @Sendable (String) -> Void

    /// Until it is cancelled.
    func run() async {
        let start = clock.now
        // The app's own conditions are asked beside: one that hangs must not look like an app that hangs.
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                while !Task.isCancelled {
                    await checks.refresh()
                    try? await clock.sleep(for: Self.interval)
                }
            }
            var last: String? = ""
            while !Task.isCancelled {
                let tree = await snapshot()
                let problem =
                    rules.problem(
                        tree, areBrokersConnected: areBrokersConnected(), uptime: start.duration(to: clock.now))
                    ?? checks.unmet.map { "missing: \($0)" }
                report(problem == nil ? "healthy" : "starting")
                if problem != last {
                    log(problem.map { "not healthy: \($0)" } ?? "healthy")
                    last = problem
                }
                try? await clock.sleep(for: Self.interval)
            }
            group.cancelAll()
        }
    }
}
