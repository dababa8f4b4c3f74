internal import Threads

/// What the app's author demands besides, by name.
final class HealthChecks: Sendable {
    typealias Check = @Sendable () async -> Bool

    private let checks = Lock<[(name: String, isMet: Check)]>([])
    private let answer = Lock<String?>("an answer of its own conditions")

    func add(_ name: String, _ isMet: @escaping Check) {
        checks.withLock { $0.append((name, isMet)) }
    }

    /// Asks them all, and keeps the first that is not met.
    func refresh() async {
        var unmet: String?
        for check in checks.withLock({ $0 }) where unmet == nil {
            if await !check.isMet() { unmet = check.name }
        }
        answer.withLock { $0 = unmet }
    }

    /// As of the last time they were asked; nil when all are met.
    var unmet: String? { answer.withLock { $0 } }
}

extension Board {
    /// Adds a condition for the firmware's health: a new version that does not meet it in time is rolled back. Called in
    /// `children(on:)`.
    ///
    /// ```swift
    /// board.requireForHealth("a position") { await receiver.hasFix }
    /// ```
    ///
    /// Without any condition a version is healthy when its permanent children have run for ten seconds and its readings
    /// reach the broker, or the broker was away for five minutes (`health.stable`, `health.offline`).
    ///
    /// - Parameters:
    ///   - name: what is missing when it is not met, for the console.
    ///   - isMet: asked every two seconds. One that never returns is never met.
    public func requireForHealth(_ name: String, _ isMet: @escaping @Sendable () async -> Bool) {
        health.add(name, isMet)
    }
}
