internal import Threads

/// A moment by which something must have happened.
package struct Deadline {
    /// Nanoseconds of the monotonic clock.
    private let end: Int64

    /// - Parameter limit: from now, at least 0.
    package init(after limit: Duration) {
        end = MonotonicClock.now &+ limit.nanoseconds
    }

    /// For poll(2): at least 0, rounded up, so that a poll never ends just before the deadline.
    package var millisecondsLeft: Int32 {
        Int32(clamping: max(0, (end &- MonotonicClock.now &+ 999_999) / 1_000_000))
    }

    package var hasPassed: Bool { MonotonicClock.now >= end }
}

extension Duration {
    /// Clamped: 292 years at most.
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max / 2 : min(product, .max / 2) + attoseconds / 1_000_000_000
    }
}
