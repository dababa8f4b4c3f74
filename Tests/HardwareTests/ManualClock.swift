import Synchronization

/// A clock that stands still until it is advanced.
final class ManualClock: Clock, Sendable {
    typealias Instant = ContinuousClock.Instant

    private struct Sleeper {
        let deadline: Instant
        let continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var now: Instant
        var sleepers: [Sleeper] = []
        var begun = 0
        var waiter: (count: Int, continuation: CheckedContinuation<Void, Never>)?
    }

    private let state = Mutex(State(now: ContinuousClock.now))

    var now: Instant { state.withLock { $0.now } }
    var minimumResolution: Duration { .nanoseconds(1) }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        await withCheckedContinuation { continuation in
            let woken = state.withLock { state -> [CheckedContinuation<Void, Never>] in
                state.begun += 1
                var woken: [CheckedContinuation<Void, Never>] = []
                if deadline <= state.now {
                    woken.append(continuation)
                } else {
                    state.sleepers.append(Sleeper(deadline: deadline, continuation: continuation))
                }
                if let waiter = state.waiter, state.begun >= waiter.count {
                    woken.append(waiter.continuation)
                    state.waiter = nil
                }
                return woken
            }
            for continuation in woken { continuation.resume() }
        }
    }

    /// Waits until so many sleeps have begun since the clock was made.
    func sleeps(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                guard state.begun < count else { return true }
                state.waiter = (count, continuation)
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    func advance(by duration: Duration) {
        let due = state.withLock { state in
            state.now += duration
            let due = state.sleepers.filter { $0.deadline <= state.now }
            state.sleepers.removeAll { $0.deadline <= state.now }
            return due
        }
        for sleeper in due { sleeper.continuation.resume() }
    }
}
