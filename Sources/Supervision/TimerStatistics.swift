/// What a ``TimerService`` has done since it was made.
public struct TimerStatistics: Sendable, Hashable {
    /// Ticks of periodic actors.
    public var ticks = 0

    /// Moments of periodic actors that passed without a tick, because the thread was busy with a neighbour or did not
    /// get a processor.
    public var missed = 0

    /// The longest time between the moment of a tick and its begin. Moments that were missed count from the first.
    public var worstLateness = Duration.zero

    /// The longest tick: what its neighbours had to wait for.
    public var longestTick = Duration.zero

    /// Actors that tick now.
    public var actors = 0

    /// Calls that are ordered and not yet made.
    public var pendingCalls = 0
}
