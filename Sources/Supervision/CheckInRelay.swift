internal import Synchronization

/// Passes on check-ins from a cell, not more often than they are of use.
final class CheckInRelay: Sendable {
    private let pause: Duration
    private let tell: @Sendable () -> Void
    /// In nanoseconds.
    private let lastTold: Atomic<Int64>

    /// - Parameters:
    ///   - liveness: the deadline. A check-in that arrives a tenth of it late is early enough.
    ///   - tell: never waits.
    init(liveness: Duration, tell: @escaping @Sendable () -> Void) {
        pause = liveness / 10
        self.tell = tell
        // The context's clock begins at 0; so early a check-in is no news.
        lastTold = Atomic(0)
    }

    func checkIn(at now: Duration) {
        let last = lastTold.load(ordering: .relaxed)
        guard now - .nanoseconds(last) >= pause else { return }
        // Of several that check in at the same time one tells.
        if lastTold.compareExchange(expected: last, desired: now.nanoseconds, ordering: .relaxed).exchanged { tell() }
    }
}
