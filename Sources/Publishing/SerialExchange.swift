internal import Supervision
internal import Threads

/// What the publisher and the thread of a ``SerialTransport`` hand to each other. The publisher never waits.
final class SerialExchange: Sendable {
    private struct State {
        var session: UInt64?
        var lastSession: UInt64 = 0
        var message: OutboxMessage?
        /// The last number of the message that the latest session left undelivered.
        var unfinished: UInt64?
        var acknowledged: [UInt64] = []
        var rejected: [TransportProgress.Rejection] = []
        var isResting = false
        var isStopped = false
    }

    /// Wakes the thread.
    let work: EventDescriptor

    /// Wakes the publisher.
    let changes = Mailbox<Void>(capacity: 1, overflow: .dropNewest)

    /// As the status shows the receiver.
    private let receiver: String
    private let state = Lock(State())

    init(receiver: String) throws {
        self.receiver = receiver
        work = try EventDescriptor()
    }
}

// The publisher's side.
extension SerialExchange {
    func progress() -> TransportProgress {
        state.withLock { state in
            defer { (state.acknowledged, state.rejected) = ([], []) }
            return TransportProgress(
                session: state.session, acknowledged: state.acknowledged, rejected: state.rejected,
                broker: state.session == nil ? nil : receiver)
        }
    }

    /// - Returns: false when that session is over; the message was not taken.
    func send(_ message: OutboxMessage, in session: UInt64) -> Bool {
        let isTaken = state.withLock { state in
            guard state.session == session, !state.isStopped else { return false }
            state.message = message
            return true
        }
        if isTaken { work.signal() }
        return isTaken
    }

    /// Where the message ended that was not delivered: the next one ends there, too, so that it is the same one.
    var unfinished: UInt64? { state.withLock { $0.unfinished } }

    /// Whether readings are to wait for others to go with.
    var isResting: Bool { state.withLock { $0.isResting } }

    /// Ends the thread, when it has done what it is doing.
    func stop() {
        state.withLock { $0.isStopped = true }
        work.signal()
    }
}

// The thread's side.
extension SerialExchange {
    var isStopped: Bool { state.withLock { $0.isStopped } }

    func beginSession() {
        state.withLock { state in
            state.lastSession += 1
            state.session = state.lastSession
        }
        _ = changes.offer(())
    }

    func endSession() {
        state.withLock { state in
            state.session = nil
            state.isResting = false
            if let message = state.message { state.unfinished = message.numbers.upperBound }
            state.message = nil
        }
        _ = changes.offer(())
    }

    /// Waits for a message; nil when stopped. It stays here until it is settled, or the session is over.
    func nextMessage() -> OutboxMessage? {
        while true {
            let (message, isStopped) = state.withLock { ($0.message, $0.isStopped) }
            if isStopped { return nil }
            if let message { return message }
            work.wait()
        }
    }

    /// - Parameters:
    ///   - refusal: why the receiver will never take it; nil when it has it.
    ///   - rests: whether the next one is to wait for ``endRest()``.
    func settle(_ message: OutboxMessage, refusal: String?, rests: Bool) {
        state.withLock { state in
            state.message = nil
            state.isResting = rests
            if let refusal {
                state.rejected.append(.init(number: message.number, reason: refusal))
            } else {
                state.acknowledged.append(message.number)
            }
        }
        _ = changes.offer(())
    }

    func endRest() {
        state.withLock { $0.isResting = false }
        _ = changes.offer(())
    }
}
