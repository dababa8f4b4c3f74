import Supervision
import Testing

struct BackoffTests {
    @Test func impossibleValuesBecomeTheNearestPossible() {
        let backoff = Backoff(initial: .zero, maximum: .seconds(-1), jitter: 7)
        #expect(backoff.initial == .milliseconds(1))
        #expect(backoff.maximum == .milliseconds(1))
        #expect(backoff.jitter == 1)
        #expect(Backoff(initial: .seconds(1), maximum: .seconds(2), jitter: .nan).jitter == 0)
    }

    @Test(.timeLimit(.minutes(10))) func chanceOnlyShortensADelayAndByNoMoreThanTheJitter() async throws {
        let log = Recorder()
        let clock = ManualClock()
        let backoff = Backoff(initial: .seconds(10), maximum: .seconds(10), jitter: 0.5)
        let absent = ChildSpec("a", backoff: backoff) { throw Failure("absent") }
        let supervisor = try Supervisor("root", children: [absent], clock: clock) { event in
            if case .restarting(let delay) = event.kind { log.note("\(delay / .seconds(1))") }
        }
        let task = Task { try await supervisor.run() }
        for round in 1...200 {
            _ = await log.first(round)
            clock.advance(by: .seconds(10))
        }
        task.cancel()
        try await task.value
        let delays = log.entries.compactMap { Double($0) }
        #expect(delays.allSatisfy { (5...10).contains($0) })
        // 200 even draws all in one half of the range: one chance in 2^199.
        #expect(delays.contains { $0 < 7.5 } && delays.contains { $0 > 7.5 })
    }
}
