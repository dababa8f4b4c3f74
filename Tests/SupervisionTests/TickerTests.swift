import Testing

@testable import Supervision

@Suite(.timeLimit(.minutes(10)))
struct TickerTests {
    private let clock = ManualClock()
    private let log = Recorder()

    /// Notes the time of each tick, in milliseconds, and works after it for as long as told.
    private func tick(every period: Duration, isImmediate: Bool = true, work: [Duration]) -> Task<Void, any Error> {
        let timeline = Timeline(clock)
        return Task { [clock, log, ticker = Ticker(every: period, on: timeline, isImmediate: isImmediate)] in
            var ticker = ticker
            for work in work {
                try await ticker.next()
                log.note("\(Int(timeline.now / .milliseconds(1)))")
                clock.advance(by: work)
            }
        }
    }

    /// Moves the clock from one tick to just before the next, sees nothing, and then to it.
    private func advance(by duration: Duration, toTick count: Int) async {
        await clock.sleepers(atLeast: 1)
        clock.advance(by: duration - .microseconds(1))
        #expect(log.entries.count == count - 1)
        clock.advance(by: .microseconds(1))
        _ = await log.first(count)
    }

    @Test func theFirstTickIsNow() async throws {
        try await tick(every: .seconds(5), work: [.zero]).value
        #expect(log.entries == ["0"])
    }

    @Test func theFirstTickIsAPeriodLater() async throws {
        let task = tick(every: .seconds(5), isImmediate: false, work: [.zero])
        await advance(by: .seconds(5), toTick: 1)
        try await task.value
        #expect(log.entries == ["5000"])
    }

    @Test func workBetweenTicksDoesNotShiftThem() async throws {
        let task = tick(every: .seconds(5), work: [.seconds(2), .seconds(2), .milliseconds(4999), .zero])
        await advance(by: .seconds(3), toTick: 2)
        await advance(by: .seconds(3), toTick: 3)
        await advance(by: .milliseconds(1), toTick: 4)
        try await task.value
        #expect(log.entries == ["0", "5000", "10000", "15000"])
    }

    @Test(arguments: [(5, 10), (7, 10), (10, 15), (12, 15), (14, 15), (15, 20), (86_402, 86_405)])
    func ofTheTicksThatPassedOneHappensLate(work: Int, next: Int) async throws {
        let task = tick(every: .seconds(5), work: [.seconds(work), .zero, .zero])
        _ = await log.first(2)
        await advance(by: .seconds(next - work), toTick: 3)
        try await task.value
        #expect(log.entries == ["0", "\(work * 1000)", "\(next * 1000)"])
    }

    @Test(arguments: [(0, 3, 3), (3, 3, 3), (4, 3, 13), (13, 3, 13), (0, 0, 0), (7, 0, 10), (20, 0, 20), (1, 25, 25)])
    func aPhaseIsTheFirstTickThatIsNotPast(now: Int, phase: Int, first: Int) async throws {
        let timeline = Timeline(clock)
        clock.advance(by: .seconds(now))
        let ticks = Task {
            var ticker = Ticker(every: .seconds(10), on: timeline, phase: .seconds(phase))
            return [try await ticker.next().scheduled, try await ticker.next().scheduled]
        }
        await clock.sleepers(atLeast: 1)
        clock.advance(by: .seconds(first - now))
        await clock.sleepers(atLeast: 1)
        clock.advance(by: .seconds(10))
        #expect(try await ticks.value == [.seconds(first), .seconds(first + 10)])
    }

    @Test func aPeriodWithoutEndDoesNotTrap() async throws {
        var ticker = Ticker(every: .seconds(Int64.max / 4), on: Timeline(clock), phase: .zero)
        #expect(try await ticker.next().scheduled == .zero)
    }

    @Test func aPeriodOfNothingIsAMillisecond() async throws {
        let task = tick(every: .zero, work: [.zero, .zero])
        await advance(by: .milliseconds(1), toTick: 2)
        try await task.value
        #expect(log.entries == ["0", "1"])
    }

    @Test func tellsTheTicksThatPassed() async throws {
        var ticker = Ticker(every: .seconds(5), on: Timeline(clock))
        var tick = try await ticker.next()
        #expect((tick.scheduled, tick.lateness, tick.missed) == (.zero, .zero, 0))
        clock.advance(by: .seconds(23))
        tick = try await ticker.next()
        #expect((tick.scheduled, tick.lateness, tick.missed) == (.seconds(5), .seconds(18), 0))
        clock.advance(by: .seconds(3))
        tick = try await ticker.next()
        #expect((tick.scheduled, tick.lateness, tick.missed) == (.seconds(25), .seconds(1), 3))
        clock.advance(by: .seconds(Int64.max / 4))
        for _ in 0..<3 { _ = try await ticker.next() }
    }
}
