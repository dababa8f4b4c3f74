/// How a ``Mailbox`` fares.
public struct MailboxStatistics: Sendable, Hashable {
    /// Elements waiting now.
    public let depth: Int

    /// The most elements that ever waited at the same time.
    public let highWaterMark: Int

    /// Elements lost to the overflow policy since the mailbox was made.
    public let dropped: UInt64
}
