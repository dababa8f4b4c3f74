/// One moment of something periodic.
public struct Tick: Sendable, Hashable {
    private let scheduledNanoseconds: Int64
    private let latenessNanoseconds: Int64

    /// How many moments since the last tick passed without one, because the thread was not free or did not run. The
    /// last tick was scheduled `missed + 1` periods before this one.
    public let missed: Int

    /// In nanoseconds, which are cheaper than durations; only who asks pays for those.
    init(scheduled: Int64, lateness: Int64, missed: Int) {
        scheduledNanoseconds = scheduled
        latenessNanoseconds = lateness
        self.missed = missed
    }

    /// When the tick should have been, on the clock of whoever ticks: that of a ``TimerService`` is CLOCK_MONOTONIC unless
    /// it was given another.
    public var scheduled: Duration { .nanoseconds(scheduledNanoseconds) }

    /// How long after ``scheduled`` the tick began.
    public var lateness: Duration { .nanoseconds(latenessNanoseconds) }
}
