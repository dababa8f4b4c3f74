/// Numbers of readings of which nothing more will come: a receiver that lacks one of them will never get it.
///
/// It travels in the stream in its place, as readings do, and is kept until it is acknowledged.
struct OutboxGap: Sendable, Hashable {
    enum Reason: UInt8, Sendable, Hashable, CaseIterable {
        /// The app or the device ended without notice. The range is what may have been in use: all that was not stored.
        case restart = 1
        /// The outbox had reached its size, and the oldest made room.
        case full = 2
        /// They were older than the outbox keeps.
        case age = 3
        /// The disk took nothing, and the memory for that time was full.
        case memory = 4
        /// The file was damaged.
        case corrupt = 5
        /// They found no room in the publisher's mailbox.
        case mailbox = 6
        /// Several of these, put together because there were too many.
        case several = 7
        /// The receiver refused the reading again and again.
        case refused = 8

        /// As receivers get it.
        var name: String {
            switch self {
            case .restart: "restart"
            case .full: "full"
            case .age: "age"
            case .memory: "memory"
            case .corrupt: "corrupt"
            case .mailbox: "mailbox"
            case .several: "several"
            case .refused: "refused"
            }
        }
    }

    var first: UInt64
    /// At least `first`.
    var last: UInt64
    var reason: Reason
    /// When it came about, in nanoseconds since 1970; nil while the device's clock was not synchronised.
    var wallTime: Int64?

    var count: UInt64 { last - first + 1 }

    /// The same numbers in the order of their numbers, each in one gap only.
    static func disjoint(_ gaps: [OutboxGap]) -> [OutboxGap] {
        var result: [OutboxGap] = []
        // Of those with the same beginning the largest: gaps grow.
        for var gap in gaps.sorted(by: { ($0.first, $1.last) < ($1.first, $0.last) }) {
            if let previous = result.last {
                if gap.last <= previous.last { continue }
                gap.first = max(gap.first, previous.last + 1)
                if gap.first == previous.last + 1, gap.reason == previous.reason {
                    result[result.count - 1].last = gap.last
                    continue
                }
            }
            result.append(gap)
        }
        return result
    }
}
