internal import Threads

/// How something ended, for the one task that waits for it. What comes first counts.
final class Outcome: Sendable {
    private enum State {
        case open
        case awaited(CheckedContinuation<Void, any Error>)
        case come(Result<Void, any Error>)
    }

    private let state = Lock(State.open)

    func come(_ result: Result<Void, any Error>) {
        let waiter: CheckedContinuation<Void, any Error>? = state.withLock { state in
            switch state {
            case .open:
                state = .come(result)
                return nil
            case .awaited(let waiter):
                state = .come(result)
                return waiter
            case .come:
                return nil
            }
        }
        waiter?.resume(with: result)
    }

    func wait() async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            let result: Result<Void, any Error>? = state.withLock { state in
                if case .come(let result) = state { return result }
                state = .awaited(continuation)
                return nil
            }
            if let result { continuation.resume(with: result) }
        }
    }
}
