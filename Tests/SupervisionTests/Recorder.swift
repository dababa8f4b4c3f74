import Supervision
import Threads

/// What happened, in order; awaited as it happens.
final class Recorder: Sendable {
    private struct State {
        var entries: [String] = []
        var waiters: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Lock(State())

    var entries: [String] { state.withLock { $0.entries } }

    func note(_ entry: String) {
        let due = state.withLock { state in
            state.entries.append(entry)
            let due = state.waiters.filter { $0.count <= state.entries.count }
            state.waiters.removeAll { $0.count <= state.entries.count }
            return due
        }
        for waiter in due { waiter.continuation.resume() }
    }

    /// For a supervisor's events.
    @Sendable func note(_ event: SupervisorEvent) {
        note(event.description)
    }

    /// The first `count` entries, waited for.
    func first(_ count: Int) async -> [String] {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let isReached = state.withLock { state in
                if state.entries.count >= count { return true }
                state.waiters.append((count, continuation))
                return false
            }
            if isReached { continuation.resume() }
        }
        return Array(entries.prefix(count))
    }
}
