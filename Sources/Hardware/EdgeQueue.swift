internal import Threads

/// Carries events from where they come, which it never blocks, to one consumer. Of more than
/// ``EdgeEvents/capacity`` the oldest is dropped.
///
/// In place of AsyncThrowingStream, which cannot be asked for an event without waiting for one.
final class EdgeQueue: Sendable {
    enum Next {
        case event(EdgeEvent)
        /// Nothing comes any more, and why.
        case ended(GPIOError?)
        case nothingYet
    }

    private struct State {
        var events: [EdgeEvent] = []
        /// The oldest that was not taken; those before it are gone.
        var first = 0
        var isEnded = false
        var failure: GPIOError?
        var waiting: [CheckedContinuation<Void, Never>] = []

        mutating func append(_ event: EdgeEvent) -> Bool {
            let isFull = events.count - first == EdgeEvents.capacity
            if isFull { first += 1 }
            if first == EdgeEvents.capacity {
                events.removeFirst(first)
                first = 0
            }
            events.append(event)
            return !isFull
        }

        mutating func take() -> Next {
            guard first < events.count else {
                // Thrown once.
                defer { if isEnded { failure = nil } }
                return isEnded ? .ended(failure) : .nothingYet
            }
            defer {
                first += 1
                if first == events.count {
                    events.removeAll(keepingCapacity: true)
                    first = 0
                }
            }
            return .event(events[first])
        }
    }

    private let state = Lock(State())

    /// Returns false when another event was dropped for it. After the end nothing is added.
    func append(_ event: EdgeEvent) -> Bool {
        let (isKept, waiting) = state.withLock { state in
            guard !state.isEnded else { return (true, [CheckedContinuation<Void, Never>]()) }
            defer { state.waiting = [] }
            return (state.append(event), state.waiting)
        }
        for continuation in waiting { continuation.resume() }
        return isKept
    }

    /// What has come before can still be taken.
    func finish(throwing failure: GPIOError? = nil) {
        let waiting = state.withLock { state in
            if !state.isEnded {
                state.isEnded = true
                state.failure = failure
            }
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    /// The oldest event, if there is one. Ends for good when the task is cancelled.
    func take() -> Next {
        if Task.isCancelled { finish() }
        return state.withLock { $0.take() }
    }

    /// Waits until there is something to take, or the task is cancelled.
    func change(isolation: isolated (any Actor)? = #isolation) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isThere = state.withLock { state in
                    let isThere = state.isEnded || state.first < state.events.count
                    if !isThere { state.waiting.append(continuation) }
                    return isThere
                }
                if isThere { continuation.resume() }
            }
        } onCancel: {
            finish()
        }
    }

    func next(isolation: isolated (any Actor)? = #isolation) async throws(GPIOError) -> EdgeEvent? {
        while true {
            switch take() {
            case .event(let event): return event
            case .ended(let failure?): throw failure
            case .ended(nil): return nil
            case .nothingYet: await change()
            }
        }
    }

    /// Does something with each event until the end.
    /// - Parameter executor: the thread that brings the events; nil when any does.
    func handle(on executor: DescriptorExecutor?, _ body: (EdgeEvent) async throws -> Void) async throws {
        try await withTaskExecutorPreference(executor) {
            try await withTaskCancellationHandler {
                while true {
                    switch take() {
                    case .event(let event): try await body(event)
                    case .ended(let failure?): throw failure
                    case .ended(nil): return
                    case .nothingYet:
                        // To suspend the task and take it up again for every edge costs as much as all the rest.
                        if executor?.waitHere() != true { await change() }
                    }
                }
            } onCancel: {
                finish()
                executor?.wakeUp()
            }
        }
    }
}
