internal import Sensors
internal import Supervision

/// The way to a destination. What takes time happens on a thread of its own.
protocol Transport: Sendable {
    /// Wakes the publisher when there is progress. One notice is as good as many.
    var changes: Mailbox<Void> { get }

    func progress() -> TransportProgress

    /// For as long as this session lasts.
    func link(_ session: UInt64) -> any OutboxLink

    /// Begins to end the session in order; for good. Without one there is nothing to wait for.
    func stop()

    /// Shows the last value of each sensor to those who only want that. Not through the outbox.
    func show(_ readings: [Reading])
}

extension Transport {
    func show(_ readings: [Reading]) {}
}
