/// How a ``Mailbox`` fares.
public struct MailboxStatistics: Sendable, Hashable {
    /// Elements waiting now.
    public let depth: Int

    /// The most elements that ever waited at the same time.
    public let highWaterMark: Int

    /// Elements lost to the overflow policy since the mailbox was made.
    public let dropped: UInt64

    /// Elements replaced by a newer one with the same key since the mailbox was made.
    public let coalesced: UInt64

    /// Senders that wait for room now.
    public let waitingSenders: Int

    public init(
        depth: Int, highWaterMark: Int, dropped: UInt64 = 0, coalesced: UInt64 = 0, waitingSenders: Int = 0
    ) {
        self.depth = depth
        self.highWaterMark = highWaterMark
        self.dropped = dropped
        self.coalesced = coalesced
        self.waitingSenders = waitingSenders
    }
}
