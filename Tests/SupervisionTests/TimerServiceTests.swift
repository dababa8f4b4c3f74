import Glibc
import Synchronization
import Testing
import Threads

@testable import Supervision

/// Ticks as it is told, on the service's thread.
private actor Subject: PeriodicActor {
    private let timers: TimerService
    private let action: @Sendable (Tick) throws -> Void
    private(set) var ticks: [Tick] = []

    nonisolated var unownedExecutor: UnownedSerialExecutor { timers.unownedExecutor }

    init(on timers: TimerService, _ action: @escaping @Sendable (Tick) throws -> Void = { _ in }) {
        self.timers = timers
        self.action = action
    }

    func tick(_ tick: Tick) throws {
        preconditionIsolated()
        ticks.append(tick)
        try action(tick)
    }

    func thread() -> pthread_t { pthread_self() }
}

/// Has the executor every actor has that names none.
private actor Stranger: PeriodicActor {
    func tick(_ tick: Tick) {}
}

@Suite(.timeLimit(.minutes(10)))
struct TimerServiceTests {
    private let clock = ManualClock()
    private let log = Recorder()

    /// Lets an actor tick in a task of its own, and waits until the service waits for the first tick.
    private func start(
        _ subject: Subject, on timers: TimerService, every period: Duration, phase: Duration = .zero
    ) async -> Task<Void, any Error> {
        let task = Task { try await timers.run(subject, every: period, phase: phase) }
        await clock.sleepers(atLeast: 1)
        return task
    }

    /// Moves the clock and waits for what happens then.
    private func advance(by duration: Duration, to count: Int) async -> [String] {
        await clock.sleepers(atLeast: 1)
        clock.advance(by: duration)
        return await log.first(count)
    }

    private func logging(_ tick: Tick) {
        log.note("\(Int(tick.scheduled / .milliseconds(1)))+\(Int(tick.lateness / .milliseconds(1)))-\(tick.missed)")
    }

    @Test func ticksAndOtherCallsShareTheThreadAndTheIsolation() async throws {
        let timers = try TimerService(clock: clock)
        let threads = Lock<[pthread_t]>([])
        let subject = Subject(on: timers) { tick in
            threads.withLock { $0.append(pthread_self()) }
            logging(tick)
        }
        let task = await start(subject, on: timers, every: .milliseconds(10))
        _ = await advance(by: .milliseconds(10), to: 1)
        #expect(await subject.thread() == threads.withLock { $0.first })
        #expect(await subject.ticks.count == 1)
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func aTickTellsWhenItShouldHaveBeenAndWhatWasMissed() async throws {
        let timers = try TimerService(clock: clock)
        let task = await start(
            Subject(on: timers, logging), on: timers, every: .milliseconds(10), phase: .milliseconds(3))
        #expect(await advance(by: .milliseconds(3), to: 1) == ["3+0-0"])
        #expect(await advance(by: .milliseconds(12), to: 2).last == "13+2-0")
        #expect(await advance(by: .milliseconds(42), to: 3).last == "53+4-3")
        #expect(await advance(by: .milliseconds(6), to: 4).last == "63+0-0")
        // A clock that jumps: no burst follows.
        #expect(await advance(by: .seconds(3600), to: 5).last == "3600063+0-359999")
        await clock.sleepers(atLeast: 1)
        var expected = TimerStatistics()
        expected.ticks = 5
        expected.missed = 3 + 359_999
        expected.worstLateness = .seconds(3600) - .milliseconds(10)
        expected.actors = 1
        #expect(timers.statistics == expected)
        task.cancel()
        _ = await task.result
        #expect(timers.statistics.actors == 0)
    }

    @Test func aTickThatThrowsIsTheLast() async throws {
        let timers = try TimerService(clock: clock)
        let subject = Subject(on: timers) { tick in
            logging(tick)
            throw Failure("broken")
        }
        let other = await start(Subject(on: timers, logging), on: timers, every: .milliseconds(100))
        let task = Task { try await timers.run(subject, every: .milliseconds(10), phase: .milliseconds(1)) }
        while timers.statistics.actors < 2 { await Task.yield() }
        _ = await advance(by: .milliseconds(1), to: 1)
        await #expect(throws: Failure.self) { try await task.value }
        #expect(timers.statistics.actors == 1)
        _ = await advance(by: .milliseconds(99), to: 2)
        #expect(log.entries == ["1+0-0", "100+0-0"])
        other.cancel()
    }

    @Test func noTickBeginsAfterACancellation() async throws {
        let timers = try TimerService(clock: clock)
        let other = await start(Subject(on: timers, logging), on: timers, every: .milliseconds(10))
        let task = Task {
            try await timers.run(
                Subject(on: timers) { _ in log.note("ticked") }, every: .milliseconds(10), phase: .zero)
        }
        while timers.statistics.actors < 2 { await Task.yield() }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        _ = await advance(by: .milliseconds(10), to: 1)
        await clock.sleepers(atLeast: 1)
        #expect(log.entries == ["10+0-0"])
        other.cancel()
    }

    @Test func noTickBeginsAfterACancellationAtTheSameMoment() async throws {
        final class Victim: Sendable {
            let task = Lock<Task<Void, any Error>?>(nil)
        }
        let timers = try TimerService(clock: clock)
        let victim = Victim()
        let killer = Subject(on: timers) { _ in
            victim.task.withLock { $0?.cancel() }
            log.note("cancelled")
        }
        let killing = await start(killer, on: timers, every: .milliseconds(10))
        let subject = Subject(on: timers) { _ in log.note("ticked") }
        let task = await start(subject, on: timers, every: .milliseconds(10))
        while timers.statistics.actors < 2 { await Task.yield() }
        victim.task.withLock { $0 = task }
        _ = await advance(by: .milliseconds(10), to: 1)
        await #expect(throws: CancellationError.self) { try await task.value }
        // Its thread answers when the moment is over.
        _ = await killer.ticks
        #expect(log.entries == ["cancelled"])
        killing.cancel()
    }

    @Test func aTaskThatIsCancelledAlreadyDoesNotTick() async throws {
        let timers = try TimerService()
        let subject = Subject(on: timers)
        let gate = Gate()
        let task = Task {
            await gate.pass()
            try await timers.run(subject, every: .milliseconds(1))
        }
        task.cancel()
        gate.open()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(await subject.ticks.isEmpty)
    }

    @Test func theEndComesAfterTheTickThatRuns() async throws {
        let timers = try TimerService(clock: clock)
        let (begun, goOn) = (Gate(), try EventDescriptor())
        let subject = Subject(on: timers) { _ in
            begun.open()
            goOn.wait()
            log.note("tick ended")
        }
        let task = await start(subject, on: timers, every: .milliseconds(10))
        clock.advance(by: .milliseconds(10))
        await begun.pass()
        let ending = Task {
            _ = await task.result
            log.note("run ended")
        }
        // Returns after the handler of the cancellation did.
        task.cancel()
        // Time enough for an end that does not wait.
        for _ in 0..<1_000 { await Task.yield() }
        goOn.signal()
        await ending.value
        #expect(log.entries == ["tick ended", "run ended"])
    }

    @Test func endsAndTicksThatMeetDoNotOverlap() async throws {
        let timers = try TimerService()
        try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<200 {
                group.addTask {
                    let isOver = Atomic(false)
                    let lateTicks = Atomic(0)
                    let subject = Subject(on: timers) { _ in
                        if isOver.load(ordering: .sequentiallyConsistent) {
                            lateTicks.add(1, ordering: .relaxed)
                        }
                    }
                    for round in 0..<20 {
                        isOver.store(false, ordering: .sequentiallyConsistent)
                        let task = Task { try await timers.run(subject, every: .milliseconds(1)) }
                        // Some at once, some near a tick.
                        if (number + round) % 3 > 0 { try await Task.sleep(for: .microseconds(900 + number)) }
                        task.cancel()
                        await #expect(throws: CancellationError.self) { try await task.value }
                        isOver.store(true, ordering: .sequentiallyConsistent)
                    }
                    // Whatever the thread had begun is over when it answers.
                    _ = await subject.ticks
                    return lateTicks.load(ordering: .relaxed)
                }
            }
            for try await lateTicks in group { #expect(lateTicks == 0) }
        }
        #expect(timers.statistics.actors == 0)
    }

    @Test func thousandsTickOnceEachAndAreSpreadOverThePeriod() async throws {
        let timers = try TimerService(clock: clock)
        let count = 5_000
        await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<count {
                let subject = Subject(on: timers) { log.note("\(Int($0.scheduled / .microseconds(500)))") }
                group.addTask { try await timers.run(subject, every: .milliseconds(10)) }
            }
            while timers.statistics.actors < count { await Task.yield() }
            _ = await advance(by: .milliseconds(10), to: count)
            group.cancelAll()
            while let result = await group.nextResult() {
                #expect(throws: CancellationError.self) { try result.get() }
            }
        }
        let sizes = Dictionary(grouping: log.entries) { $0 }.mapValues(\.count)
        #expect(log.entries.count == count)
        #expect(Set(sizes.keys) == Set((1...20).map { "\($0)" }))
        #expect(sizes.values.allSatisfy { (245...255).contains($0) })
    }

    @Test(arguments: [.zero, .seconds(-1), .nanoseconds(999_999), .seconds(Int64.min)] as [Duration])
    func tooShortPeriodsAreRefused(_ period: Duration) async throws {
        let timers = try TimerService(clock: clock)
        await #expect(throws: TimerError.invalidPeriod(period)) {
            try await timers.run(Subject(on: timers), every: period)
        }
    }

    @Test(arguments: [.seconds(1 << 40), .seconds(Int64.max)] as [Duration])
    func hugePeriodsNeverTick(_ period: Duration) async throws {
        for timers in [try TimerService(), try TimerService(clock: clock)] {
            let subject = Subject(on: timers)
            let task = Task { try await timers.run(subject, every: period, phase: .seconds(Int64.min)) }
            while timers.statistics.actors < 1 { await Task.yield() }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(await subject.ticks.isEmpty)
        }
    }

    @Test func actorsOfOtherExecutorsAreRefused() async throws {
        let timers = try TimerService(clock: clock)
        let other = try TimerService(clock: clock)
        await #expect(throws: TimerError.foreignActor(type: "Stranger")) {
            try await timers.run(Stranger(), every: .seconds(1))
        }
        await #expect(throws: TimerError.foreignActor(type: "Subject")) {
            try await timers.run(Subject(on: other), every: .seconds(1))
        }
    }

    @Test func callsComeInOrderAndNeverWhenCancelled() async throws {
        let timers = try TimerService(clock: clock)
        for name in ["c", "a", "b"] {
            let order = ["a": 1, "b": 2, "c": 3][name] ?? 0
            _ = timers.wake(at: .seconds(order)) { log.note(name) }
        }
        timers.wake(at: .milliseconds(1500)) { log.note("cancelled") }.cancel()
        #expect(timers.statistics.pendingCalls == 3)
        #expect(await advance(by: .seconds(2), to: 2) == ["a", "b"])
        let last = timers.wake(at: .seconds(-5)) { log.note("past") }
        _ = await log.first(3)
        last.cancel()
        #expect(await advance(by: .seconds(1), to: 4) == ["a", "b", "past", "c"])
    }

    @Test func anEarlierCallIsNotHeldUpByALaterOne() async throws {
        let timers = try TimerService()
        _ = timers.wake(at: timers.now + .seconds(3600)) { log.note("late") }
        _ = timers.wake(at: timers.now + .milliseconds(2)) { log.note("soon") }
        #expect(await log.first(1) == ["soon"])
    }

    @Test func nothingIsEarly() async throws {
        let timers = try TimerService()
        for delay in [0, 1, 10, 100, 1_000, 3_000] {
            let moment = timers.now + .microseconds(delay)
            let isDue = await withCheckedContinuation { continuation in
                _ = timers.wake(at: moment) { continuation.resume(returning: timers.now >= moment) }
            }
            #expect(isDue)
        }
    }

    @Test(arguments: [false, true]) func whatIsPendingEndsWithTheService(_ isReal: Bool) async throws {
        final class Token: Sendable {}
        weak var remains: Token?
        do {
            let token = Token()
            remains = token
            let timers = try TimerService(clock: isReal ? ContinuousClock() : clock)
            _ = timers.wake(at: timers.now + .seconds(3600)) { _ = token }
        }
        #expect(remains == nil)
    }

    @Test func theServiceMayBeReleasedOnItsOwnThread() async throws {
        final class Holder: Sendable {
            let timers = Lock<TimerService?>(nil)
        }
        let holder = Holder()
        let timers = try TimerService(clock: clock)
        let moment = timers.now
        holder.timers.withLock { $0 = timers }
        do {
            _ = consume timers
        }
        let service = try #require(holder.timers.withLock { $0 })
        _ = service.wake(at: moment) {
            holder.timers.withLock { $0 = nil }
            log.note("released")
        }
        #expect(await log.first(1) == ["released"])
    }
}
