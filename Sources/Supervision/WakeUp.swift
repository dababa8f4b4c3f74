/// A call that was ordered for a moment and can be cancelled.
public struct WakeUp: Sendable {
    private enum Means: Sendable {
        case timer(TimerCore, TimerQueue.ID)
        case task(Task<Void, any Error>)
    }

    private let means: Means

    init(_ core: TimerCore, _ id: TimerQueue.ID) {
        means = .timer(core, id)
    }

    /// - Parameter task: makes the call unless it is cancelled.
    init(_ task: Task<Void, any Error>) {
        means = .task(task)
    }

    /// Lets the call not happen; nothing when it has happened. A call that is just happening on its own thread is not
    /// waited for: whoever may meet one must be able to tell that it is stale.
    public func cancel() {
        switch means {
        case .timer(let core, let id): core.remove(id)
        case .task(let task): task.cancel()
        }
    }
}
