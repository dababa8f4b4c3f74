import Testing

@testable import Supervision

@Suite(.timeLimit(.minutes(10)))
struct TimelineTests {
    private let log = Recorder()
    private let clock = ManualClock()

    /// The real clock, and one that stands still until it is moved.
    private var timelines: [Timeline] { [Timeline(ContinuousClock()), Timeline(clock)] }

    @Test func doesNotSleepForWhatIsPast() async throws {
        for timeline in timelines {
            try await timeline.sleep(until: timeline.now)
            try await timeline.sleep(until: .seconds(-1))
            try await timeline.sleep(until: .seconds(-1_000_000_000_000))
        }
    }

    @Test func sleepsUntilTheMoment() async throws {
        let timeline = Timeline(ContinuousClock())
        for delay in [1, 100, 250, 2_000] {
            let moment = timeline.now + .microseconds(delay)
            try await timeline.sleep(until: moment)
            #expect(timeline.now >= moment)
        }
    }

    @Test func aCancelledSleepEnds() async throws {
        for timeline in timelines {
            for isEarly in [false, true] {
                let task = Task { try await timeline.sleep(until: .seconds(Int64.max)) }
                if !isEarly { await Task.yield() }
                task.cancel()
                await #expect(throws: CancellationError.self) { try await task.value }
            }
        }
    }

    @Test func cancelledSleepsLeaveNothingBehind() async throws {
        let timers = try #require(TimerService.shared)
        let timeline = Timeline(ContinuousClock())
        let moment = timeline.now + .seconds(100_000)
        let before = timers.statistics.pendingCalls
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<1_000 { group.addTask { try? await timeline.sleep(until: moment) } }
            while timers.statistics.pendingCalls < before + 900 { await Task.yield() }
            group.cancelAll()
        }
        // Other tests may sleep at the same time, though not so many.
        #expect(timers.statistics.pendingCalls < before + 500)
    }

    @Test func sleepsOfAllLengthsEndInTheirOrder() async throws {
        let timeline = Timeline(ContinuousClock())
        let start = timeline.now
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<1_000 {
                let moment = start + .microseconds(number * 7919 % 20_000)
                group.addTask {
                    try await timeline.sleep(until: moment)
                    return timeline.now >= moment
                }
            }
            for try await isInTime in group { #expect(isInTime) }
        }
    }

    @Test func callsAtTheMomentUnlessCancelled() async {
        let timeline = Timeline(clock)
        let cancelled = timeline.wake(at: .seconds(1)) { log.note("cancelled") }
        _ = timeline.wake(at: .seconds(2)) { log.note("called") }
        await clock.sleepers(atLeast: 2)
        cancelled.cancel()
        clock.advance(by: .seconds(2))
        #expect(await log.first(1) == ["called"])
        let real = Timeline(ContinuousClock())
        _ = real.wake(at: real.now + .milliseconds(2)) { log.note("called") }
        #expect(await log.first(2) == ["called", "called"])
    }
}
