internal import Synchronization

/// A bounded queue between supervised children: the address that outlives the actors behind it.
///
/// A sender holds the mailbox, never the receiving child, so the receiver can crash and be restarted without its
/// senders noticing: elements wait here, and the restarted receiver goes on with the oldest one not yet taken.
/// Senders may be many. Receivers may be several too; each element goes to one of them.
public final class Mailbox<Element: Sendable>: Sendable {
    /// The most elements that can wait, at least 1.
    public let capacity: Int

    /// What happens when one element more arrives.
    public let overflow: OverflowPolicy

    private let state: Mutex<State>

    /// - Parameters:
    ///   - capacity: the most elements that can wait; below 1 counts as 1.
    ///   - overflow: what happens when one element more arrives.
    public init(capacity: Int, overflow: OverflowPolicy) {
        self.capacity = max(1, capacity)
        self.overflow = overflow
        state = Mutex(State(capacity: capacity))
    }

    /// Puts an element in. Waits only under ``OverflowPolicy/suspendSender``.
    ///
    /// Waiting senders are served in the order they came. Their number is that of the tasks that send: a waiting
    /// element lives in its sender's frame, not in a queue of the mailbox's own.
    /// - Throws: `CancellationError` when the task was cancelled while it waited; the element is then not delivered.
    public func send(_ element: Element) async throws {
        if offer(element) { return }
        let id = state.withLock { $0.nextID() }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                let (sender, receiver) = state.withLock { $0.park(element, continuation, id) }
                sender?.resume()
                receiver?.resume(returning: true)
                // Cancelled before it was parked: the handler below then found nothing to withdraw.
                if Task.isCancelled { withdrawSender(id) }
            }
        } onCancel: {
            withdrawSender(id)
        }
    }

    /// Puts an element in without ever waiting, for callers outside of any task such as a C library's callback.
    ///
    /// - Returns: false when the mailbox is full and its policy is to suspend the sender: the element was not taken.
    ///   Under the dropping policies always true; what was dropped is counted.
    public func offer(_ element: Element) -> Bool {
        let (accepted, receiver) = state.withLock { $0.insert(element, overflow) }
        receiver?.resume(returning: true)
        return accepted
    }

    /// Takes up to `limit` elements, oldest first, waiting until there is at least one.
    ///
    /// Nothing is taken before the caller runs again, so no element is lost when the caller is cancelled while waiting.
    /// A cancelled task still gets what waits, so that a receiver which is being stopped can finish its work.
    /// - Parameter limit: the most elements to take; below 1 counts as 1.
    /// - Throws: `CancellationError` when the task was cancelled and nothing waits.
    public func receive(upTo limit: Int = .max) async throws -> [Element] {
        while true {
            let (taken, id) = state.withLock { state in
                let taken = state.take(max(1, limit))
                return (taken, taken.elements.isEmpty ? state.nextID() : 0)
            }
            for sender in taken.senders { sender.resume() }
            for receiver in taken.receivers { receiver.resume(returning: true) }
            if !taken.elements.isEmpty { return taken.elements }
            let isFilled = await withTaskCancellationHandler {
                await withCheckedContinuation { (continuation: CheckedContinuation<Bool, Never>) in
                    let isWaiting = state.withLock { $0.park(continuation, id) }
                    if !isWaiting { continuation.resume(returning: true) }
                    if Task.isCancelled { withdrawReceiver(id) }
                }
            } onCancel: {
                withdrawReceiver(id)
            }
            if !isFilled { throw CancellationError() }
        }
    }

    /// How full the mailbox is, was at most, and what it lost.
    public var statistics: MailboxStatistics {
        state.withLock {
            MailboxStatistics(depth: $0.buffer.count, highWaterMark: $0.highWaterMark, dropped: $0.dropped)
        }
    }

    private func withdrawSender(_ id: UInt64) {
        let sender = state.withLock { $0.withdrawSender(id) }
        sender?.resume(throwing: CancellationError())
    }

    private func withdrawReceiver(_ id: UInt64) {
        let receiver = state.withLock { $0.withdrawReceiver(id) }
        receiver?.resume(returning: false)
    }
}

extension Mailbox {
    /// Everything the lock protects. Continuations are handed out and resumed after the lock is released.
    private struct State {
        struct WaitingSender {
            let id: UInt64
            let element: Element
            let continuation: CheckedContinuation<Void, any Error>
        }

        struct WaitingReceiver {
            let id: UInt64
            let continuation: CheckedContinuation<Bool, Never>
        }

        var buffer: RingBuffer<Element>
        var highWaterMark = 0
        var dropped: UInt64 = 0
        private var senders: [WaitingSender] = []
        private var receivers: [WaitingReceiver] = []
        private var lastID: UInt64 = 0

        init(capacity: Int) {
            buffer = RingBuffer(capacity: capacity)
        }

        mutating func nextID() -> UInt64 {
            lastID &+= 1
            return lastID
        }

        /// Applies the overflow policy. Answers whether the element was dealt with, and a receiver to wake.
        mutating func insert(
            _ element: Element, _ overflow: OverflowPolicy
        ) -> (accepted: Bool, receiver: CheckedContinuation<Bool, Never>?) {
            if buffer.isFull {
                switch overflow {
                case .suspendSender:
                    return (false, nil)
                case .dropOldest:
                    _ = buffer.popFirst()
                    dropped &+= 1
                case .dropNewest:
                    dropped &+= 1
                    return (true, nil)
                }
            }
            buffer.append(element)
            highWaterMark = max(highWaterMark, buffer.count)
            return (true, receivers.isEmpty ? nil : receivers.removeFirst().continuation)
        }

        /// Room may have appeared since the sender looked: then the element goes in and both sides are woken.
        mutating func park(
            _ element: Element, _ continuation: CheckedContinuation<Void, any Error>, _ id: UInt64
        ) -> (sender: CheckedContinuation<Void, any Error>?, receiver: CheckedContinuation<Bool, Never>?) {
            let (accepted, receiver) = insert(element, .suspendSender)
            if accepted { return (continuation, receiver) }
            senders.append(WaitingSender(id: id, element: element, continuation: continuation))
            return (nil, nil)
        }

        /// False when an element arrived since the receiver looked.
        mutating func park(_ continuation: CheckedContinuation<Bool, Never>, _ id: UInt64) -> Bool {
            guard buffer.count == 0 else { return false }
            receivers.append(WaitingReceiver(id: id, continuation: continuation))
            return true
        }

        struct Taken {
            let elements: [Element]
            /// Those whose elements found room now.
            let senders: [CheckedContinuation<Void, any Error>]
            /// Those to wake for these senders' elements.
            let receivers: [CheckedContinuation<Bool, Never>]
        }

        /// Takes elements and lets waiting senders fill the room they leave.
        mutating func take(_ limit: Int) -> Taken {
            let elements = buffer.popFirst(upTo: limit)
            let served = min(senders.count, buffer.capacity - buffer.count)
            let woken = min(receivers.count, served)
            for sender in senders.prefix(served) { buffer.append(sender.element) }
            defer {
                senders.removeFirst(served)
                receivers.removeFirst(woken)
            }
            return Taken(
                elements: elements,
                senders: senders.prefix(served).map(\.continuation),
                receivers: receivers.prefix(woken).map(\.continuation))
        }

        mutating func withdrawSender(_ id: UInt64) -> CheckedContinuation<Void, any Error>? {
            guard let index = senders.firstIndex(where: { $0.id == id }) else { return nil }
            return senders.remove(at: index).continuation
        }

        mutating func withdrawReceiver(_ id: UInt64) -> CheckedContinuation<Bool, Never>? {
            guard let index = receivers.firstIndex(where: { $0.id == id }) else { return nil }
            return receivers.remove(at: index).continuation
        }
    }
}
