/// Periodic moments with absolute deadlines: what is done at one of them, however long it takes, does not shift the rest.
///
/// Of the ticks that passed meanwhile one happens late and the others not at all, which the next one tells.
package struct Ticker {
    private let timeline: Timeline
    private let period: Duration
    private var due: Duration
    private var missed = 0

    /// - Parameters:
    ///   - period: the time between ticks, at least 1 ms.
    ///   - isImmediate: whether the first tick is now or a period from now.
    package init(every period: Duration, on timeline: Timeline, isImmediate: Bool = true) {
        self.timeline = timeline
        // A period of nothing would make a loop that never lets go of the processor.
        self.period = max(period, .milliseconds(1))
        due = isImmediate ? timeline.now : timeline.now + self.period
    }

    /// Ticks at a whole number of periods after a moment of the timeline, the first at the next of those.
    package init(every period: Duration, on timeline: Timeline, phase: Duration) {
        self.init(every: period, on: timeline)
        let elapsed = max(due - phase, .zero).nanoseconds
        let periods = elapsed / self.period.nanoseconds + (elapsed % self.period.nanoseconds == 0 ? 0 : 1)
        due = phase + self.period * periods
    }

    /// Waits for the next tick.
    /// - Returns: what happened to it, by the timeline.
    /// - Throws: `CancellationError` when the task is cancelled.
    @discardableResult
    package mutating func next() async throws -> Tick {
        try await timeline.sleep(until: due)
        let now = timeline.now
        let tick = Tick(scheduled: due.nanoseconds, lateness: (now - due).nanoseconds, missed: missed)
        due += period
        missed = 0
        if due <= now {
            missed = Int((now - due).nanoseconds / period.nanoseconds) + 1
            due += period * missed
        }
        return tick
    }
}
