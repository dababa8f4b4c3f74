internal import Supervision
internal import Threads

/// What the publisher and the network thread hand to each other. Neither ever waits for the other.
///
/// Bounded by the publisher's window: it sends no more messages than it has acknowledgements for.
final class MQTTExchange: Sendable {
    struct Message: Sendable {
        /// The publisher's number of the message, never used twice.
        let number: UInt64
        let payload: [UInt8]
    }

    /// What happened since the publisher looked last.
    struct Progress: Sendable {
        /// The connection there is now, if any. Another number than before: what was in flight must be sent again.
        let session: UInt64?
        /// The messages the broker took over.
        let acknowledged: [UInt64]
    }

    private struct State {
        var session: UInt64?
        var lastSession: UInt64 = 0
        var outgoing: [Message] = []
        var acknowledged: [UInt64] = []
        var isStopped = false
    }

    /// Wakes the network thread.
    let work: EventDescriptor

    /// Wakes the publisher. One notice is as good as many.
    let changes = Mailbox<Void>(capacity: 1, overflow: .dropNewest)

    private let state = Lock(State())

    init() throws {
        work = try EventDescriptor()
    }
}

// The publisher's side.
extension MQTTExchange {
    func progress() -> Progress {
        state.withLock { state in
            let progress = Progress(session: state.session, acknowledged: state.acknowledged)
            state.acknowledged = []
            return progress
        }
    }

    /// - Returns: false when that connection is gone; the message was not taken.
    func send(_ message: Message, in session: UInt64) -> Bool {
        let isTaken = state.withLock { state in
            guard state.session == session, !state.isStopped else { return false }
            state.outgoing.append(message)
            return true
        }
        if isTaken { work.signal() }
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
            state.outgoing = []
        }
        _ = changes.offer(())
    }

    func takeOutgoing() -> [Message] {
        state.withLock { state in
            let messages = state.outgoing
            state.outgoing = []
            return messages
        }
    }

    func acknowledge(_ number: UInt64) {
        state.withLock { $0.acknowledged.append(number) }
        _ = changes.offer(())
    }
}
