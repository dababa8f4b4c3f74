/// Takes one message after the other. Calls may block; used by one thread.
protocol Receiver {
    /// As messages name it.
    var name: String { get }

    /// Makes it ready, at first and after each failure.
    mutating func open() throws(ReceiverFailure)

    /// Returns when the receiver has the message, or will never take it.
    /// - Returns: why it will never take it; nil when it has it.
    /// - Throws: why it does not take it now.
    mutating func deliver(_ message: OutboxMessage) throws(ReceiverFailure) -> String?
}

/// Why a receiver takes nothing now.
struct ReceiverFailure: Error, Hashable {
    /// One sentence without a full stop.
    let text: String
    /// How long it asked to be left alone.
    var pause: Duration?
}
