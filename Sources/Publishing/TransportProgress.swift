/// What happened at a transport since the publisher looked last.
package struct TransportProgress: Sendable {
    /// A message that the receiver will not take, however often it is sent.
    package struct Rejection: Sendable, Hashable {
        package let number: UInt64
        package let reason: String
    }

    /// The connection there is now, if any. Another number than before: what was in flight must be sent again.
    package let session: UInt64?
    /// The messages the receiver took over.
    package let acknowledged: [UInt64]
    /// The messages it did not take. It takes others.
    package let rejected: [Rejection]
    /// The receiver of the connection.
    package let broker: String?
}
