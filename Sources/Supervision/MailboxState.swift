/// What a mailbox's lock protects.
///
/// Nothing here resumes a task or frees an element: both run code that is not the mailbox's own, which has to wait until
/// the lock is released. So woken waiters and discarded elements are handed to the caller.
@usableFromInline
struct MailboxState<Element: Sendable>: ~Copyable {
    /// What a call leaves to be done without the lock.
    struct Aftermath: ~Copyable {
        var woken = WaitList()
        /// Kept until here, for its release may run code of the element's type.
        var discarded: [Element] = []
    }

    /// A sender that waits, with those of its elements that have found no room yet.
    final class Sender: Waiter, @unchecked Sendable {  // Unchecked as its superclass is, for the same reason.
        fileprivate let elements: [Element]
        fileprivate let keys: [ElementKey]
        fileprivate var sent = 0

        /// - Parameter keys: one for each element, or none when the mailbox does not coalesce.
        init(_ elements: [Element], keys: [ElementKey]) {
            self.elements = elements
            self.keys = keys
        }
    }

    @usableFromInline enum Insertion {
        case accepted
        /// Accepted, and this receiver is to be resumed.
        case wakes(Waiter)
        case isFull
    }

    @usableFromInline var buffer: RingBuffer<Element>
    @usableFromInline var highWaterMark = 0
    /// There are some only while the buffer is empty, or holds what receivers already woken will take.
    @usableFromInline var receivers = WaitList()
    /// There are some only while the buffer is full.
    var senders = WaitList()
    private(set) var dropped: UInt64 = 0
    /// Nil when the mailbox does not coalesce.
    private let index: KeyIndex?

    init(capacity: Int, coalesces: Bool) {
        buffer = RingBuffer(capacity: capacity)
        index = coalesces ? KeyIndex() : nil
    }

    var statistics: MailboxStatistics {
        MailboxStatistics(
            depth: buffer.count, highWaterMark: highWaterMark, dropped: dropped, coalesced: index?.coalesced ?? 0,
            waitingSenders: senders.count)
    }

    /// The way of nearly all elements, when there is no key to look at: compiled into the sender's code.
    @inlinable
    mutating func insertIfRoom(_ element: Element) -> Insertion {
        let depth = buffer.count
        guard depth < buffer.capacity else { return .isFull }
        buffer.append(element)
        if depth >= highWaterMark { highWaterMark = depth + 1 }
        guard let receiver = receivers.popFirst() else { return .accepted }
        return .wakes(receiver)
    }

    /// Puts in one element as the policy says.
    /// - Returns: false when it must wait, which only happens under ``OverflowPolicy/suspendSender``.
    mutating func insert(
        _ element: Element, _ key: ElementKey?, _ overflow: OverflowPolicy, _ aftermath: inout Aftermath
    ) -> Bool {
        // Those who wait already come first, even if this one's key is there: theirs may be the same.
        senders.isEmpty && put(element, key, overflow, &aftermath)
    }

    /// Puts in as many of the sender's elements as the policy lets in.
    /// - Returns: false when some must wait, which only happens under ``OverflowPolicy/suspendSender``.
    mutating func insert(from sender: Sender, _ overflow: OverflowPolicy, _ aftermath: inout Aftermath) -> Bool {
        senders.isEmpty && put(from: sender, overflow, &aftermath)
    }

    /// Takes up to `limit` elements, oldest first, and lets waiting senders fill the room they leave.
    mutating func take(upTo limit: Int, _ aftermath: inout Aftermath) -> [Element] {
        let taken = buffer.popFirst(upTo: limit)
        index?.removeFirst(taken.count)
        while let waiter = senders.first {
            // Unsafe to spare a search in the runtime's tables: only senders are ever put into this list.
            let sender = unsafeDowncast(waiter, to: Sender.self)
            guard put(from: sender, .suspendSender, &aftermath) else { break }
            senders.moveFirst(to: &aftermath.woken)
        }
        return taken
    }

    private mutating func put(from sender: Sender, _ overflow: OverflowPolicy, _ aftermath: inout Aftermath) -> Bool {
        while sender.sent < sender.elements.count {
            let key = sender.keys.isEmpty ? nil : sender.keys[sender.sent]
            guard put(sender.elements[sender.sent], key, overflow, &aftermath) else { return false }
            sender.sent += 1
        }
        return true
    }

    private mutating func put(
        _ element: Element, _ key: ElementKey?, _ overflow: OverflowPolicy, _ aftermath: inout Aftermath
    ) -> Bool {
        if let key, let index, let offset = index.offset(of: key) {
            aftermath.discarded.append(buffer.replace(at: offset, with: element))
            index.coalesced &+= 1
            return true
        }
        if buffer.isFull {
            switch overflow {
            case .suspendSender:
                return false
            case .dropOldest:
                if let oldest = buffer.popFirst() { aftermath.discarded.append(oldest) }
                index?.removeFirst(1)
                dropped &+= 1
            case .dropNewest:
                dropped &+= 1
                return true
            }
        }
        buffer.append(element)
        if let key { index?.append(key) }
        highWaterMark = max(highWaterMark, buffer.count)
        receivers.moveFirst(to: &aftermath.woken)
        return true
    }
}
