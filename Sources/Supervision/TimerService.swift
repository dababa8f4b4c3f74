internal import Synchronization
internal import Threads

/// A thread that is both a timer and the executor of actors, so that what is due can be done on the spot.
///
/// ``PeriodicActor``s that name it as their executor get their ticks as plain function calls, with their isolation.
/// Compared with a task that sleeps for every actor this spares two changes of threads and two jobs a tick, which is
/// most of what a tick costs. Moments are absolute: ticks do not drift, and those that could not happen in time are
/// counted, not made up for.
///
/// Everything on the service takes turns. A tick that takes long delays its neighbours: ``statistics`` tells. Make
/// several services, one for what must be punctual and others for what is slow; each costs a thread.
///
/// The thread ends when the service is released, which its actors hold. Calls still to come are then never made.
public final class TimerService: Sendable {
    /// The shortest period of a ``PeriodicActor``: 1 ms. Wake-ups of a thread without real-time priority are late by
    /// tenths of that, and loops at shorter intervals need a thread of their own.
    public static let minimumPeriod = Duration.milliseconds(1)

    /// For those who have none of their own. nil when the process had no thread to give.
    ///
    /// Sleeping tasks begin and end at any time. A quarter of a millisecond is little beside what their resumption may
    /// take, and bounds the thread's wake-ups to 4,000 a second, less than a tenth of a processor.
    static let shared = try? TimerService(name: "timer", clock: ContinuousClock(), resolution: .microseconds(250))

    let core: TimerCore
    private let executor: ThreadExecutor

    /// - Parameters:
    ///   - name: the thread's name as `top -H` shows it; the kernel keeps the first 15 bytes.
    ///   - clock: the clock of all moments. The default stands for CLOCK_MONOTONIC.
    /// - Throws: an error that says why the system has no thread to give.
    public convenience init(name: String = "timer", clock: any Clock<Duration> = ContinuousClock()) throws {
        try self.init(name: name, clock: clock, resolution: .nanoseconds(1))
    }

    private init(name: String, clock: any Clock<Duration>, resolution: Duration) throws {
        let core = TimerCore(clock, resolution: resolution)
        self.core = core
        executor = try ThreadExecutor(name: name) { core.turn() }
        core.setWaker(executor.waker)
    }

    deinit {
        core.close()
    }

    /// The executor for actors on this service, for their property of this name. It is valid while the service is.
    public var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// The present moment on the service's clock.
    public var now: Duration { .nanoseconds(core.now) }

    /// What the service has done so far. Ticks of the current turn may be missing.
    public var statistics: TimerStatistics { core.statistics }

    /// Calls `action` once on the service's thread.
    ///
    /// - Parameters:
    ///   - moment: when, on the service's clock; soon when it is past, never earlier.
    ///   - action: short, and it never blocks.
    /// - Returns: the call, for cancelling it. Nothing is cancelled by releasing it.
    public func wake(at moment: Duration, _ action: @escaping @Sendable () -> Void) -> WakeUp {
        WakeUp(core, core.insert(action, at: moment.nanoseconds))
    }

    /// Lets an actor tick until one of its ticks throws or the task is cancelled. When it throws, no tick runs and none
    /// will.
    ///
    /// When the task is a supervised child's, every tick is also its sign of life (``Liveness``).
    ///
    /// - Parameters:
    ///   - actor: its executor is this service.
    ///   - period: the time between ticks, at least ``minimumPeriod``. Whatever 64 bits of nanoseconds cannot hold,
    ///     some 292 years, is never.
    ///   - phase: ticks are at the moments that are a whole number of periods away from `phase` on the service's clock,
    ///     the first at the next of those. nil: as ``nextPhase(in:)`` says.
    /// - Throws: ``TimerError``; what the tick threw; `CancellationError` when the task is cancelled.
    public func run(_ actor: some PeriodicActor, every period: Duration, phase: Duration? = nil) async throws {
        try check(actor, every: period)
        let phase = phase ?? nextPhase(in: period)
        let series = ActorTicks(actor, core.tickCall(for: type(of: actor)), now: core.now)
        let child = ChildContext.current
        child?.setPulse { [core] in .nanoseconds(core.now - series.lastBegin) }
        defer { child?.setPulse(nil) }
        try await withTaskCancellationHandler {
            let id = core.insert(series, every: period.nanoseconds, phase: phase.nanoseconds)
            defer { core.remove(id) }
            try await series.end()
        } onCancel: {
            core.cancel(series)
        }
    }

    /// A phase for one more actor with this period: they are spread over the period as evenly as a golden ratio spreads
    /// any number of them, so that thousands do not want to tick at once.
    ///
    /// It is a whole number of half milliseconds. So at most 2,000 wake-ups of the thread a second serve any number of
    /// actors, whereas a moment of its own for each of 2,000 actors at 10 ms would keep a processor busy with going to
    /// sleep and waking up. The actors of one moment wait for one another, so the moments are not fewer either.
    public func nextPhase(in period: Duration) -> Duration {
        let step = Duration.microseconds(500)
        return step * core.nextShare(of: Int(clamping: period.nanoseconds / step.nanoseconds))
    }

    /// - Throws: ``TimerError``.
    func check(_ actor: some PeriodicActor, every period: Duration) throws(TimerError) {
        guard period >= Self.minimumPeriod else { throw .invalidPeriod(period) }
        guard actor.unownedExecutor.isSame(as: unownedExecutor) else {
            throw .foreignActor(type: "\(type(of: actor))")
        }
    }
}

extension UnownedSerialExecutor {
    fileprivate func isSame(as other: UnownedSerialExecutor) -> Bool {
        // Two words, object and witness table: so does the standard library compare UnownedTaskExecutors. Before Swift
        // 6.3 there is no way to ask.
        unsafeBitCast(self, to: (Int, Int).self) == unsafeBitCast(other, to: (Int, Int).self)
    }
}
