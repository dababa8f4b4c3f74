package import Supervision
internal import Threads

/// What the publisher and the network thread hand to each other. Neither ever waits for the other.
///
/// Bounded by the publisher's window: it sends no more messages than it has acknowledgements for.
package final class MQTTExchange: Sendable {
    package struct Message: Sendable {
        /// The publisher's number of the message, never used twice.
        let number: UInt64
        let topic: String
        let payload: [UInt8]

        package init(number: UInt64, topic: String, payload: [UInt8]) {
            self.number = number
            self.topic = topic
            self.payload = payload
        }
    }

    private struct State {
        var session: UInt64?
        var broker: String?
        var lastSession: UInt64 = 0
        var outgoing: [Message] = []
        var acknowledged: [UInt64] = []
        var rejected: [TransportProgress.Rejection] = []
        var retained = RetainedMessages()
        var isStopped = false
    }

    /// Wakes the network thread.
    let work: EventDescriptor

    /// Wakes the publisher. One notice is as good as many.
    package let changes = Mailbox<Void>(capacity: 1, overflow: .dropNewest)

    private let state = Lock(State())

    init() throws {
        work = try EventDescriptor()
    }
}

// The publisher's side.
extension MQTTExchange {
    package func progress() -> TransportProgress {
        state.withLock { state in
            let progress = TransportProgress(
                session: state.session, acknowledged: state.acknowledged, rejected: state.rejected,
                broker: state.broker)
            state.acknowledged = []
            state.rejected = []
            return progress
        }
    }

    /// - Returns: false when that connection is gone; the message was not taken.
    package func send(_ message: Message, in session: UInt64) -> Bool {
        let isTaken = state.withLock { state in
            guard state.session == session, !state.isStopped else { return false }
            state.outgoing.append(message)
            return true
        }
        if isTaken { work.signal() }
        return isTaken
    }

    /// Sets what the broker is to keep and show for a topic, now and after each new connection. Of several in a short time
    /// the last counts.
    /// - Returns: false when there are too many topics already.
    func retain(_ payload: [UInt8], on topic: String) -> Bool {
        let (isTaken, isNews) = state.withLock { state in
            (state.retained.set(payload, on: topic), state.session != nil)
        }
        if isTaken, isNews { work.signal() }
        return isTaken
    }

    /// Ends the network thread, soon.
    func stop() {
        state.withLock { $0.isStopped = true }
        work.signal()
    }
}

// The network thread's side.
extension MQTTExchange {
    var isStopped: Bool { state.withLock { $0.isStopped } }

    func beginSession(with broker: String) {
        state.withLock { state in
            state.lastSession += 1
            state.session = state.lastSession
            state.broker = broker
            state.retained.setAllChanged()
        }
        _ = changes.offer(())
    }

    func endSession() {
        state.withLock { state in
            state.session = nil
            state.broker = nil
            state.outgoing = []
        }
        _ = changes.offer(())
    }

    /// What is to be done: messages, and whether retained ones changed.
    func takeOutgoing() -> (messages: [Message], hasRetained: Bool, isStopped: Bool) {
        state.withLock { state in
            let messages = state.outgoing
            state.outgoing = []
            return (messages, state.retained.hasChanges, state.isStopped)
        }
    }

    /// See ``RetainedMessages/takeChanges(upTo:)``.
    func takeRetained(upTo count: Int) -> (messages: [(topic: String, payload: [UInt8])], isRoundOver: Bool) {
        state.withLock { $0.retained.takeChanges(upTo: count) }
    }

    func settle(acknowledged: [UInt64], rejected: [TransportProgress.Rejection]) {
        guard !acknowledged.isEmpty || !rejected.isEmpty else { return }
        state.withLock { state in
            state.acknowledged += acknowledged
            state.rejected += rejected
        }
        _ = changes.offer(())
    }
}
