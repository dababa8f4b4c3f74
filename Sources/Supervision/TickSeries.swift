internal import Synchronization

/// The ticks of one actor, from their start to their end: by an error of a tick or by cancellation, whichever is first.
///
/// It ends once and for all; whoever waits for its outcome knows then that no tick runs and none will.
protocol TickSeries: AnyObject, Sendable {
    /// Called by the service's thread alone.
    /// - Parameter begin: the present moment, in nanoseconds of the service's clock.
    /// - Returns: false when nothing was done because the series is over.
    func tick(_ tick: Tick, at begin: Int64) -> Bool

    /// Called by the service's thread when the tick is over: ends the series if it was cancelled meanwhile.
    func settle()

    var memory: TickMemory { get }
}

final class ActorTicks<Subject: PeriodicActor>: TickSeries {
    // A tick needs this object and the subject. With thousands of actors the memory that is not in the processor's cache
    // is what a tick costs, so there is no more of it.
    private let isOver = Atomic(false)
    private let lastTick: Atomic<Int64>
    private let subject: Subject
    private let call: TickCall<Subject>
    private let outcome = Outcome()

    /// - Parameters:
    ///   - subject: its executor's thread is the one that ticks.
    ///   - now: the present moment, in nanoseconds of the service's clock.
    init(_ subject: Subject, _ call: TickCall<Subject>, now: Int64) {
        self.subject = subject
        lastTick = Atomic(now)
        self.call = call
    }

    func tick(_ tick: Tick, at begin: Int64) -> Bool {
        guard !isOver.load(ordering: .sequentiallyConsistent) else { return false }
        lastTick.store(begin, ordering: .relaxed)
        do {
            try call.tick(subject, tick)
        } catch {
            isOver.store(true, ordering: .relaxed)
            outcome.come(.failure(error))
        }
        return true
    }

    var memory: TickMemory { TickMemory(of: self, and: subject) }

    func settle() {
        if isOver.load(ordering: .sequentiallyConsistent) { outcome.come(.failure(CancellationError())) }
    }

    /// No tick begins any more.
    /// - Parameter isTicking: tells, once that holds, whether a tick has still to end. ``settle()`` is called after it.
    func cancel(whileTicking isTicking: () -> Bool) {
        isOver.store(true, ordering: .sequentiallyConsistent)
        if !isTicking() { outcome.come(.failure(CancellationError())) }
    }

    /// When the last tick began, in nanoseconds of the service's clock; before the first, when the series was made.
    var lastBegin: Int64 { lastTick.load(ordering: .relaxed) }

    /// Waits for the end.
    /// - Throws: the last tick's error or `CancellationError`.
    func end() async throws {
        try await outcome.wait()
    }
}
