import Synchronization
import Testing
import Threads

@testable import Supervision

private actor Blinker: PeriodicActor {
    private let timers: TimerService
    private let action: @Sendable (Tick) throws -> Void

    nonisolated var unownedExecutor: UnownedSerialExecutor { timers.unownedExecutor }

    init(on timers: TimerService, _ action: @escaping @Sendable (Tick) throws -> Void) {
        self.timers = timers
        self.action = action
    }

    func tick(_ tick: Tick) throws { try action(tick) }
}

@Suite(.timeLimit(.minutes(10)))
struct PeriodicChildTests {
    private let clock = ManualClock()
    private let log = Recorder()

    private func run(_ children: [ChildSpec]) throws -> Task<Void, any Error> {
        let supervisor = try Supervisor("top", children: children, clock: clock) { log.note($0) }
        return Task { try await supervisor.run() }
    }

    private func logging(_ tick: Tick) { log.note("\(Int(tick.scheduled / .milliseconds(1)))") }

    @Test func isStartedAgainWhenATickThrowsAndKeepsItsMoments() async throws {
        let timers = try TimerService(clock: clock)
        let task = try run([
            ChildSpec("blinker", every: .milliseconds(10), on: timers, phase: .milliseconds(4)) {
                Blinker(on: timers) { tick in
                    logging(tick)
                    if tick.scheduled == .milliseconds(4) { throw Failure("broken") }
                }
            }
        ])
        _ = await log.first(1)
        await clock.sleepers(atLeast: 1)
        clock.advance(by: .milliseconds(4))
        let entries = await log.first(4)
        #expect(entries[1] == "4")
        #expect(entries[2].contains("broken"))
        while timers.statistics.actors < 1 { await Task.yield() }
        await clock.sleepers(atLeast: 1)
        clock.advance(by: .milliseconds(10))
        #expect(await log.first(5).last == "14")
        task.cancel()
        try await task.value
        #expect(timers.statistics.actors == 0)
    }

    @Test func isAliveAsLongAsItTicks() async throws {
        let timers = try TimerService(clock: clock)
        let goOn = try EventDescriptor()
        let task = try run([
            ChildSpec(
                "blinker", every: .milliseconds(100), on: timers, phase: .zero, shutdown: .within(.zero),
                liveness: .seconds(1)
            ) {
                Blinker(on: timers) { tick in
                    logging(tick)
                    if tick.scheduled == .seconds(5) { goOn.wait() }
                }
            }
        ])
        _ = await log.first(1)
        while timers.statistics.actors < 1 { await Task.yield() }
        for count in 2...51 {
            // The service's and the supervisor's.
            await clock.sleepers(atLeast: 2)
            clock.advance(by: .milliseconds(100))
            let entry = await log.first(count).last
            #expect(entry == "\((count - 1) * 100)")
        }
        // The tick hangs: now there are no more.
        await clock.sleepers(atLeast: 1)
        clock.advance(by: .milliseconds(900))
        await clock.sleepers(atLeast: 1)
        clock.advance(by: .milliseconds(100))
        let failure = await log.first(52).last ?? ""
        #expect(failure.contains("gave no sign of life for 1.0 seconds"))
        goOn.signal()
        task.cancel()
        try await task.value
    }

    @Test func aSpecThatCannotTickIsAFailedStart() async throws {
        let timers = try TimerService(clock: clock)
        let other = try TimerService(clock: clock)
        for (service, period) in [(timers, Duration.zero), (other, .seconds(1))] {
            let task = try run([
                ChildSpec("blinker", every: period, on: service) { Blinker(on: timers) { _ in } }
            ])
            await #expect(throws: SupervisionError.self) { try await task.value }
        }
        #expect(log.entries.contains { $0.contains("a period of 0.0 seconds is too short") })
        #expect(log.entries.contains { $0.contains("the actor Blinker does not run on the timer service") })
    }
}
