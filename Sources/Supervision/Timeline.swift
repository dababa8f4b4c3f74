internal import Threads

/// Any clock, its instants told as time since the timeline was made, so that they can be stored without the clock's type.
///
/// `ContinuousClock`, the real one, is replaced by CLOCK_MONOTONIC and the threads' shared ``TimerService``: reading it
/// is one call, and neither a sleep nor a wake-up call takes a task or a timer of the system's.
package struct Timeline: Sendable {
    private enum Source: Sendable {
        /// Nanoseconds of CLOCK_MONOTONIC.
        case kernel(origin: Int64, timers: TimerCore)
        case clock(elapsed: @Sendable () -> Duration, sleep: @Sendable (Duration) async throws -> Void)
    }

    private let source: Source

    package init(_ clock: any Clock<Duration>) {
        if clock is ContinuousClock, let timers = TimerService.shared?.core {
            source = .kernel(origin: MonotonicClock.now, timers: timers)
        } else {
            source = Self.source(clock)
        }
    }

    private static func source<C: Clock>(_ clock: C) -> Source where C.Duration == Duration {
        let origin = clock.now
        return .clock {
            origin.duration(to: clock.now)
        } sleep: {
            try await clock.sleep(until: origin.advanced(by: $0), tolerance: nil)
        }
    }

    /// The present moment.
    package var now: Duration {
        switch source {
        case .kernel(let origin, _): .nanoseconds(MonotonicClock.now - origin)
        case .clock(let elapsed, _): elapsed()
        }
    }

    /// Waits for a moment of this timeline; at once when it is past.
    /// - Throws: `CancellationError` when the task is cancelled.
    package func sleep(until moment: Duration) async throws {
        switch source {
        case .kernel(let origin, let timers):
            let outcome = Outcome()
            let id = timers.insert({ outcome.come(.success(())) }, at: origin.addingClamped(moment.nanoseconds))
            try await withTaskCancellationHandler {
                try await outcome.wait()
            } onCancel: {
                timers.remove(id)
                outcome.come(.failure(CancellationError()))
            }
        case .clock(_, let sleep):
            try await sleep(moment)
        }
    }

    /// Calls `action` once at a moment of this timeline; soon when it is past, never earlier.
    ///
    /// - Parameters:
    ///   - moment: when.
    ///   - action: short, and it never blocks: on the real clock it runs on the one thread of the shared timer service,
    ///     before everything that is due later; on another clock in a task.
    /// - Returns: the call, for cancelling it. Nothing is cancelled by releasing it.
    package func wake(at moment: Duration, _ action: @escaping @Sendable () -> Void) -> WakeUp {
        switch source {
        case .kernel(let origin, let timers):
            return WakeUp(timers, timers.insert(action, at: origin.addingClamped(moment.nanoseconds)))
        case .clock(_, let sleep):
            return WakeUp(
                Task.detached {
                    try await sleep(moment)
                    try Task.checkCancellation()
                    action()
                })
        }
    }
}
