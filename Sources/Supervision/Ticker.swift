/// Periodic moments with absolute deadlines: what is done at one of them, however long it takes, does not shift the rest.
///
/// Of the ticks that passed meanwhile one happens late and the others not at all.
package struct Ticker {
    private let timeline: Timeline
    private let period: Duration
    private var due: Duration

    /// - Parameters:
    ///   - period: the time between ticks, at least 1 ms.
    ///   - isImmediate: whether the first tick is now or a period from now.
    package init(every period: Duration, on timeline: Timeline, isImmediate: Bool = true) {
        self.timeline = timeline
        // A period of nothing would make a loop that never lets go of the processor.
        self.period = max(period, .milliseconds(1))
        due = isImmediate ? timeline.now : timeline.now + self.period
    }

    /// Waits for the next tick.
    /// - Throws: `CancellationError` when the task is cancelled.
    package mutating func next() async throws {
        try await timeline.sleep(until: due)
        due += period
        let now = timeline.now
        if due <= now { due += period * (((now - due) / period).rounded(.down) + 1) }
    }
}
