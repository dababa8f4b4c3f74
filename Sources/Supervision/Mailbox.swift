public import Threads

/// A bounded queue between supervised children: the address that outlives the actors behind it.
///
/// A sender holds the mailbox, never the receiving child, so the receiver can crash and be restarted without its
/// senders noticing: elements wait here, and the restarted receiver goes on with the oldest one not yet taken.
/// Senders may be many. Receivers may be several too; each element goes to one of them.
///
/// Elements arrive in the order they were sent: if one `send` has returned before another begins, by whichever tasks,
/// its element comes first.
///
/// Nothing in it grows without bound. At most ``capacity`` elements wait. A sender that waits for room keeps its elements
/// and its place in the line in its own task's memory, which whoever started the task has paid for already, and it
/// sends nothing more until it is served: so as many wait as there are tasks, and the mailbox keeps nothing for them.
public final class Mailbox<Element: Sendable>: Sendable {
    /// The most elements that can wait, at least 1.
    public let capacity: Int

    /// What happens when one element more arrives.
    public let overflow: OverflowPolicy

    /// Nil when the mailbox does not coalesce. Never called under the lock, for it is not the mailbox's own code.
    @usableFromInline let key: (@Sendable (Element) -> ElementKey)?
    @usableFromInline let state: Lock<MailboxState<Element>>

    /// - Parameters:
    ///   - capacity: the most elements that can wait; below 1 counts as 1.
    ///   - overflow: what happens when one element more arrives.
    public init(capacity: Int, overflow: OverflowPolicy) {
        self.capacity = max(1, capacity)
        self.overflow = overflow
        key = nil
        state = Lock(MailboxState(capacity: capacity, coalesces: false))
    }

    /// Makes a mailbox in which at most one element of each key waits: a newer one replaces it and keeps its place.
    ///
    /// For states of which only the last matters, such as what a display shows of each sensor. The mailbox is full when
    /// elements of ``capacity`` different keys wait; the overflow policy says what happens to one with yet another key.
    /// - Parameters:
    ///   - capacity: the most elements that can wait; below 1 counts as 1.
    ///   - overflow: what happens when it is full and the key is a new one.
    ///   - key: what makes one element the newer state of another.
    public init(
        capacity: Int, overflow: OverflowPolicy,
        coalescingBy key: @escaping @Sendable (Element) -> some Hashable & Sendable
    ) {
        self.capacity = max(1, capacity)
        self.overflow = overflow
        self.key = { ElementKey(key($0)) }
        state = Lock(MailboxState(capacity: capacity, coalesces: true))
    }

    /// Puts an element in. Waits only under ``OverflowPolicy/suspendSender``.
    ///
    /// Waiting senders are served in the order they came.
    /// - Throws: `CancellationError` when the task was cancelled while it waited; the element is then not delivered.
    @inlinable
    public nonisolated(nonsending) func send(_ element: Element) async throws(CancellationError) {
        if !offer(element) { try await wait(toSend: [element]) }
    }

    /// Puts elements in, in their order and together at the cost of little more than one. Waits only under
    /// ``OverflowPolicy/suspendSender``.
    ///
    /// There may be more of them than the mailbox can hold; they go in as there is room.
    /// - Throws: `CancellationError` when the task was cancelled while it waited. Then the first elements may have been
    ///   delivered and the others are not.
    public nonisolated(nonsending) func send(
        contentsOf elements: some Collection<Element>
    ) async throws(CancellationError) {
        try await wait(toSend: Array(elements))
    }

    /// Puts an element in without ever waiting, for callers outside of any task such as a C library's callback.
    ///
    /// - Returns: false when the mailbox is full and its policy is to suspend the sender: the element was not taken.
    ///   Under the dropping policies always true; what was dropped is counted.
    @inlinable
    public func offer(_ element: Element) -> Bool {
        guard key == nil else { return insert(element) }
        switch state.withLock({ $0.insertIfRoom(element) }) {
        case .accepted:
            return true
        case .wakes(let receiver):
            receiver.resume()
            return true
        case .isFull:
            return overflow == .suspendSender ? false : insert(element)
        }
    }

    /// Takes up to `limit` elements, oldest first, waiting until there is at least one.
    ///
    /// Nothing is taken before the caller runs again, so no element is lost when the caller is cancelled while waiting.
    /// A cancelled task still gets what waits, so that a receiver which is being stopped can finish its work.
    /// - Parameter limit: the most elements to take; below 1 counts as 1.
    /// - Throws: `CancellationError` when the task was cancelled and nothing waits.
    public nonisolated(nonsending) func receive(
        upTo limit: Int = .max
    ) async throws(CancellationError) -> [Element] {
        while true {
            let elements = take(upTo: limit)
            if !elements.isEmpty { return elements }
            // In this function, for each one more that waits for another costs a parked child a hundred bytes.
            let receiver = Waiter()
            let isFilled = await withTaskCancellationHandler {
                await withUnsafeContinuation { park(receiver, $0) }
            } onCancel: {
                cancel(receiver)
            }
            if !isFilled { throw CancellationError() }
        }
    }

    /// How full the mailbox is, was at most, and what it lost.
    public var statistics: MailboxStatistics {
        state.withLock { $0.statistics }
    }
}

extension Mailbox {
    private typealias State = MailboxState<Element>

    @usableFromInline
    func insert(_ element: Element) -> Bool {
        let key = key?(element)
        var aftermath = State.Aftermath()
        let isDelivered = state.withLock { $0.insert(element, key, overflow, &aftermath) }
        aftermath.woken.resumeAll()
        return isDelivered
    }

    @usableFromInline
    nonisolated(nonsending) func wait(toSend elements: [Element]) async throws(CancellationError) {
        let sender = State.Sender(elements, keys: key.map { elements.map($0) } ?? [])
        if insert(from: sender, orPark: nil) != nil { return }
        let isDelivered = await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                if let answer = insert(from: sender, orPark: continuation) { continuation.resume(returning: answer) }
            }
        } onCancel: {
            state.withLock { $0.senders.cancel(sender) }?.resume(returning: false)
        }
        if !isDelivered { throw CancellationError() }
    }

    /// - Returns: true when all elements are in; false when the sender was cancelled; nil when it must wait or does.
    private func insert(from sender: State.Sender, orPark continuation: Waiter.Continuation?) -> Bool? {
        var aftermath = State.Aftermath()
        let answer: Bool? = state.withLock { state in
            if state.insert(from: sender, overflow, &aftermath) { return true }
            guard let continuation else { return nil }
            return state.senders.append(sender, continuation) ? nil : false
        }
        aftermath.woken.resumeAll()
        return answer
    }

    private func take(upTo limit: Int) -> [Element] {
        var aftermath = State.Aftermath()
        let elements = state.withLock { $0.take(upTo: max(1, limit), &aftermath) }
        aftermath.woken.resumeAll()
        return elements
    }

    private func park(_ receiver: Waiter, _ continuation: Waiter.Continuation) {
        let answer: Bool? = state.withLock { state in
            // An element may have arrived since the receiver looked.
            if state.buffer.count > 0 { return true }
            return state.receivers.append(receiver, continuation) ? nil : false
        }
        if let answer { continuation.resume(returning: answer) }
    }

    private func cancel(_ receiver: Waiter) {
        state.withLock { $0.receivers.cancel(receiver) }?.resume(returning: false)
    }
}
