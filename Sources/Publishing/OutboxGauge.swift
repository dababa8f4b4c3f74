internal import Supervision
internal import Threads

/// How full the outbox is, for those who look from outside of it: it shows as part of its publisher's mailbox.
final class OutboxGauge: MailboxMonitoring {
    private let mailbox: any MailboxMonitoring
    private let values = Lock<(depth: Int, highest: Int, dropped: UInt64)>((0, 0, 0))

    init(_ mailbox: any MailboxMonitoring) {
        self.mailbox = mailbox
    }

    func set(depth: Int, dropped: UInt64) {
        values.withLock { $0 = (depth, max($0.highest, depth), dropped) }
    }

    var statistics: MailboxStatistics {
        let own = values.withLock { $0 }
        let before = mailbox.statistics
        return MailboxStatistics(
            depth: before.depth + own.depth, highWaterMark: max(before.highWaterMark, own.highest),
            dropped: before.dropped + own.dropped, coalesced: before.coalesced,
            waitingSenders: before.waitingSenders)
    }
}
