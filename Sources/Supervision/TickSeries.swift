internal import Synchronization

/// The ticks of one actor, from their start to their end: by an error of a tick or by cancellation, whichever is first.
protocol TickSeries: AnyObject, Sendable {
    /// Only the service's thread ticks.
    /// - Parameter begin: the present moment, in nanoseconds of the service's clock.
    func tick(_ tick: Tick, at begin: Int64)
}

final class ActorTicks<Subject: PeriodicActor>: TickSeries {
    private enum Phase: UInt8, AtomicRepresentable {
        case idle, ticking
        /// To end once the tick that runs has ended.
        case ending
        case ended
    }

    // All that a tick needs is in this object: with thousands of actors, memory that is not in the processor's cache
    // is what a tick costs.
    private let phase = Atomic(Phase.idle)
    private let subject: Subject
    private let child: ChildContext?
    private let outcome = Outcome()

    /// - Parameters:
    ///   - subject: its executor's thread is the one that ticks.
    ///   - child: whose sign of life each tick is.
    init(_ subject: Subject, of child: ChildContext?) {
        self.subject = subject
        self.child = child
    }

    func tick(_ tick: Tick, at begin: Int64) {
        guard
            phase.compareExchange(expected: .idle, desired: .ticking, ordering: .acquiringAndReleasing).exchanged
        else { return }
        do {
            try callSubject(tick)
        } catch {
            phase.store(.ended, ordering: .releasing)
            return outcome.come(.failure(error))
        }
        child?.checkIn()
        let (isIdle, _) = phase.compareExchange(expected: .ticking, desired: .idle, ordering: .acquiringAndReleasing)
        if !isIdle {
            phase.store(.ended, ordering: .releasing)
            outcome.come(.failure(CancellationError()))
        }
    }

    /// No tick begins any more. When one runs, the end is when that has ended.
    func cancel() {
        while true {
            if phase.compareExchange(expected: .idle, desired: .ended, ordering: .acquiringAndReleasing).exchanged {
                return outcome.come(.failure(CancellationError()))
            }
            let (isTaken, current) = phase.compareExchange(
                expected: .ticking, desired: .ending, ordering: .acquiringAndReleasing)
            if isTaken || current != .idle { return }
        }
    }

    /// Waits for the end.
    /// - Throws: the last tick's error or `CancellationError`.
    func end() async throws {
        try await outcome.wait()
    }

    private func callSubject(_ tick: Tick) throws {
        let isolated: (isolated Subject, Tick) throws -> Void = { try $0.tick($1) }
        // As in Actor.assumeIsolated, less its check for every call, which costs as much as the rest of a tick: that
        // the service is the actor's executor was checked once, and executors do not change.
        let plain = unsafeBitCast(isolated, to: ((Subject, Tick) throws -> Void).self)
        try plain(subject, tick)
    }
}
