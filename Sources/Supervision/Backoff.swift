/// Growing delays between the restarts of a child that keeps failing.
public struct Backoff: Sendable, Hashable {
    /// The delay before the first restart, at least 1 ms.
    public let initial: Duration

    /// The longest delay, at least `initial`.
    public let maximum: Duration

    /// A run that lasted this long since the child had started was a success: the next delay is `initial` again.
    public let resetAfter: Duration

    /// The fraction of each delay, 0 through 1, that chance may take off. It keeps children that failed together, say
    /// because their bus did, from coming back together.
    public let jitter: Double

    /// - Parameters:
    ///   - initial: the delay before the first restart; each further one doubles it.
    ///   - maximum: the longest delay.
    ///   - resetAfter: how long a run must last for the next delay to be `initial` again.
    ///   - jitter: the fraction of each delay that chance may take off, 0 (none) through 1.
    public init(initial: Duration, maximum: Duration, resetAfter: Duration = .seconds(60), jitter: Double = 0.2) {
        // A delay of nothing would make the endless crash loop that the restart intensity is there to end.
        self.initial = max(initial, .milliseconds(1))
        self.maximum = max(maximum, self.initial)
        self.resetAfter = resetAfter
        self.jitter = jitter.isNaN ? 0 : min(max(jitter, 0), 1)
    }

    /// The delay to follow `delay`, nil when there was none yet. Without jitter.
    func next(after delay: Duration?) -> Duration {
        guard let delay else { return initial }
        return delay > maximum / 2 ? maximum : delay * 2
    }

    /// The delay with chance's share taken off.
    func jittered(_ delay: Duration, by random: Double) -> Duration {
        delay * (1 - jitter * random)
    }
}
