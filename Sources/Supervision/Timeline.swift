/// Any clock, its instants told as time since the timeline was made, so that they can be stored without the clock's type.
package struct Timeline: Sendable {
    private let elapsed: @Sendable () -> Duration
    private let wait: @Sendable (Duration) async throws -> Void

    package init(_ clock: any Clock<Duration>) {
        self.init(opening: clock)
    }

    private init<C: Clock>(opening clock: C) where C.Duration == Duration {
        let origin = clock.now
        elapsed = { origin.duration(to: clock.now) }
        wait = { try await clock.sleep(until: origin.advanced(by: $0), tolerance: nil) }
    }

    /// The present moment.
    package var now: Duration { elapsed() }

    /// Waits for a moment of this timeline; at once when it is past.
    /// - Throws: `CancellationError` when the task is cancelled.
    package func sleep(until moment: Duration) async throws {
        try await wait(moment)
    }
    /// Calls `action` once at a moment of this timeline; soon when it is past.
    ///
    /// - Parameters:
    ///   - moment: when; never earlier.
    ///   - action: short, and it never waits: it shares its thread with others.
    /// - Returns: the call, for cancelling it. Nothing is cancelled by releasing it.
    package func wake(at moment: Duration, _ action: @escaping @Sendable () -> Void) -> WakeUp {
        let task = Task.detached { [self] in
            try await sleep(until: moment)
            try Task.checkCancellation()
            action()
        }
        return WakeUp { task.cancel() }
    }
}
