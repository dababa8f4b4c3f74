internal import Supervision

/// How long to wait before the next attempt to reach the broker.
struct RetryDelay {
    private let backoff: Backoff
    private var next: Duration

    init(_ backoff: Backoff) {
        self.backoff = backoff
        next = backoff.initial
    }

    /// The delay after one more failure, in milliseconds.
    /// - Parameter random: chance, 0 to 1: the fraction of the jitter to take off.
    mutating func milliseconds(random: Double = .random(in: 0...1)) -> Int {
        let delay = next * (1 - backoff.jitter * random)
        next = min(next * 2, backoff.maximum)
        let (seconds, attoseconds) = delay.components
        return Int(clamping: seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000)
    }

    /// The broker was reached, or the network changed: the next failure counts as the first.
    mutating func reset() {
        next = backoff.initial
    }
}
