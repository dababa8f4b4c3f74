/// A mailbox of any element, for those who only watch it.
public protocol MailboxMonitoring: Sendable {
    /// How full it is, was at most, and what it lost.
    var statistics: MailboxStatistics { get }
}

extension Mailbox: MailboxMonitoring {}
