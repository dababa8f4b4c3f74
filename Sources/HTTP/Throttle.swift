internal import Threads

/// Keeps to a number of bytes a second.
package struct Throttle {
    /// Bytes a second.
    package let rate: Int
    /// Nanoseconds of the monotonic clock: when all that was taken is paid for.
    private var paid = MonotonicClock.now

    package init(rate: Int) { self.rate = max(1, rate) }

    /// Small enough that pauses stay short: an eighth of a second's worth, and no more than the buffers hold.
    package var portion: Int { max(1, rate / 8) }

    /// How long to wait after having taken this many bytes. Time in which nothing was taken is not saved up.
    package mutating func pause(after bytes: Int) -> Duration {
        let now = MonotonicClock.now
        let (product, overflow) = Int64(bytes).multipliedReportingOverflow(by: 1_000_000_000)
        paid = max(paid, now) &+ (overflow ? 0 : product / Int64(rate))
        return .nanoseconds(paid &- now)
    }
}
