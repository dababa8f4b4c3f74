import Supervision
import Synchronization
import Testing

@testable import Apus

@Suite(.timeLimit(.minutes(10)))
struct HealthTests {
    private func rules(_ values: [String: String] = [:]) -> HealthRules { HealthRules(Configuration(values)) }

    /// Runs children under a clock that stands still, and asks the rules after some time.
    private func problem(
        _ rules: HealthRules, after time: Duration, areBrokersConnected: Bool? = nil, children: [ChildSpec]
    ) async throws -> String? {
        let clock = ManualClock()
        let supervisor = try Supervisor("app", children: children, clock: clock)
        let running = Task { try await supervisor.run() }
        defer { running.cancel() }
        // Until each child runs, or waits to be restarted.
        while true {
            let states = await supervisor.snapshot().children.map(\.state)
            if states.count == children.count, states.allSatisfy({ $0 == .running || $0 == .restarting }) { break }
            await Task.yield()
        }
        clock.advance(by: time)
        return rules.problem(
            await supervisor.snapshot(), areBrokersConnected: areBrokersConnected, uptime: time)
    }

    private func steady(_ id: String, restart: Restart = .permanent) -> ChildSpec {
        ChildSpec(id, restart: restart) { Self.park }
    }

    @Sendable private static func park() async throws {
        _ = try await Mailbox<Never>(capacity: 1, overflow: .dropNewest).receive()
    }

    @Test func childrenMustRunForAWhile() async throws {
        let children = [steady("one"), steady("two")]
        #expect(
            try await problem(rules(), after: .seconds(9), children: children) == "app/one has not run long enough")
        #expect(try await problem(rules(), after: .seconds(10), children: children) == nil)
        #expect(try await problem(rules(["health.stable": "20"]), after: .seconds(10), children: children) != nil)
    }

    @Test func aChildThatFailsIsAProblemUnlessIgnored() async throws {
        struct Broken: Error {}
        let broken = ChildSpec("broken", backoff: Backoff(initial: .seconds(1000), maximum: .seconds(1000))) {
            throw Broken()
        }
        let children = [steady("one"), broken]
        #expect(try await problem(rules(), after: .seconds(10), children: children) == "app/broken does not run")
        #expect(
            try await problem(rules(["health.ignore": "other, broken"]), after: .seconds(10), children: children) == nil
        )
    }

    @Test func aBrokerMayBeAwayForAWhile() async throws {
        let children = [steady("one")]
        func problem(_ rules: HealthRules, _ time: Duration, _ connected: Bool?) async throws -> String? {
            try await self.problem(rules, after: time, areBrokersConnected: connected, children: children)
        }
        #expect(try await problem(rules(), .seconds(299), false) == "the broker is not connected")
        #expect(try await problem(rules(), .seconds(300), false) == nil)
        #expect(try await problem(rules(), .seconds(10), true) == nil)
        #expect(try await problem(rules(["health.offline": "10"]), .seconds(10), false) == nil)
    }

    @Test(arguments: ["", "-1", "x", "86401", "99999999999999999999"])
    func aValueThatIsNoTimeCountsForNothing(_ value: String) {
        #expect(rules(["health.stable": value]).stableTime == .seconds(10))
        #expect(rules(["health.offline": value]).offlineTime == .seconds(300))
    }

    /// Values that one task sets and another reads.
    private final class Shared<Value: Sendable>: Sendable {
        private let value: Mutex<Value>
        init(_ value: Value) { self.value = Mutex(value) }
        var current: Value {
            get { value.withLock { $0 } }
            set { value.withLock { $0 = newValue } }
        }
        func change(_ body: (inout Value) -> Void) { value.withLock { body(&$0) } }
    }

    @Test func reportsStartingThenHealthyWhenTheAppsOwnConditionIsMet() async throws {
        let clock = ManualClock()
        let supervisor = try Supervisor("app", children: [steady("one")], clock: clock)
        let app = Task { try await supervisor.run() }
        let isMet = Shared(false)
        let reports = Shared<[String]>([])
        let lines = Shared<[String]>([])
        let checks = HealthChecks()
        checks.add("a position") { isMet.current }
        let reporter = HealthReporter(
            rules: rules(), checks: checks, clock: clock, snapshot: { await supervisor.snapshot() },
            areBrokersConnected: { nil }, report: { word in reports.change { $0.append(word) } },
            log: { line in lines.change { $0.append(line) } })
        let running = Task { await reporter.run() }
        // Both loops, of the reports and of the conditions.
        await clock.sleepers(atLeast: 2)
        for _ in 0..<6 {
            clock.advance(by: .seconds(2))
            await clock.sleepers(atLeast: 2)
        }
        #expect(reports.current == Array(repeating: "starting", count: 7))
        #expect(lines.current.last == "not healthy: missing: a position")
        isMet.current = true
        // One round for the condition, at most one more for the report.
        for _ in 0..<2 {
            clock.advance(by: .seconds(2))
            await clock.sleepers(atLeast: 2)
        }
        #expect(reports.current.last == "healthy")
        #expect(lines.current.last == "healthy")
        running.cancel()
        await running.value
        app.cancel()
        _ = await app.result
    }
}
