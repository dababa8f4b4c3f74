import Synchronization

/// Hands values from tasks that do not wait to one that does; as many as there are.
final class Handover<Value: Sendable>: Sendable {
    private struct State {
        var values: [Value] = []
        var waiting: CheckedContinuation<Value, Never>?
    }

    private let state = Mutex(State())

    func give(_ value: Value) {
        let waiting = state.withLock { state in
            let waiting = state.waiting.take()
            if waiting == nil { state.values.append(value) }
            return waiting
        }
        waiting?.resume(returning: value)
    }

    /// For one task at a time.
    func take() async -> Value {
        await withCheckedContinuation { continuation in
            let value: Value? = state.withLock { state in
                guard state.values.isEmpty else { return state.values.removeFirst() }
                state.waiting = continuation
                return nil
            }
            if let value { continuation.resume(returning: value) }
        }
    }
}
