internal import Sensors

/// What goes to a receiver in one message, with the outbox's number of it, which is never used twice.
struct OutboxMessage: Sendable {
    enum Content: Sendable {
        /// Of consecutive numbers.
        case readings([Reading])
        case gap(OutboxGap)
    }

    let number: UInt64
    let content: Content
}

/// A connection to a receiver.
protocol OutboxLink: Sendable {
    /// The most messages in flight.
    var window: Int { get }
    /// The most readings in a message.
    var limit: Int { get }

    /// Whether two readings can go in the same message.
    func canShare(_ first: Reading, _ second: Reading) -> Bool

    /// Never waits.
    /// - Returns: false when the connection is gone.
    func send(_ message: OutboxMessage) -> Bool
}
