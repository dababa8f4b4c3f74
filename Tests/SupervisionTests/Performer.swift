import Supervision
import Threads

/// What a worker does when it is started, and when it is cancelled.
struct Performance: Equatable {
    enum Start: String, CaseIterable, CustomStringConvertible {
        case runs, fails, throwsCancellation, ignores, hangs, hangsDeaf

        var description: String { rawValue }
    }

    enum Reaction: String, CaseIterable, CustomStringConvertible {
        case ends, returns, fails, isDeaf

        var description: String { rawValue }
    }

    /// The next starts; after those it runs.
    var starts: [Start] = []
    var onCancel = Reaction.ends
}

/// A child that does as it is told, in all its lives, those that were abandoned included.
final class Performer: Sendable {
    private enum Command {
        case end(Model.Reason)
        case checkIn
    }

    private struct Life {
        let isStart: Bool
        let isDeaf: Bool
        var isCancelled = false
        var continuation: CheckedContinuation<Command, any Error>?
    }

    private struct State {
        var plan = Performance()
        var lives: [Int: Life] = [:]
        var lastLife = 0
        var startCount = 0
        var onStart: (@Sendable (Int) -> Void)?
    }

    private let state = Lock(State())

    /// A life is in its body and was not told to end.
    var isRunning: Bool { state.withLock { $0.lives.values.contains { !$0.isStart && !$0.isCancelled } } }

    func plan(_ starts: [Performance.Start]) { state.withLock { $0.plan.starts = starts } }

    func react(_ reaction: Performance.Reaction) { state.withLock { $0.plan.onCancel = reaction } }

    /// Called with the number of the start whenever it is started.
    var onStart: (@Sendable (Int) -> Void)? {
        get { state.withLock { $0.onStart } }
        set { state.withLock { $0.onStart = newValue } }
    }

    func returns() { end(.normal) }

    func fails(_ error: String = "oops") { end(.failure(error)) }

    /// Of its own accord: OTP's `shutdown`.
    func throwsCancellation() { end(.cancelled) }

    func end(_ reason: Model.Reason) { resume(with: .end(reason)) { !$0.isStart && !$0.isCancelled } }

    func checkIn() { resume(with: .checkIn) { !$0.isStart && !$0.isCancelled } }

    func release() { resume(with: .end(.normal)) { $0.isStart || $0.isCancelled } }

    @Sendable func start() async throws -> ChildSpec.Body? {
        let (start, onStart, count) = state.withLock { state in
            state.startCount += 1
            let start = state.plan.starts.isEmpty ? .runs : state.plan.starts.removeFirst()
            return (start, state.onStart, state.startCount)
        }
        onStart?(count)
        switch start {
        case .runs: break
        case .fails: throw Failure("no start")
        case .throwsCancellation: throw CancellationError()
        case .ignores: return nil
        case .hangs: _ = try await command(isStart: true, isDeaf: false)
        case .hangsDeaf: _ = try await command(isStart: true, isDeaf: true)
        }
        return { [self] in
            while true {
                switch try await command(isStart: false, isDeaf: false) {
                case .checkIn: Liveness.checkIn()
                case .end(.normal): return
                case .end(.cancelled): throw CancellationError()
                case .end(.failure(let error)): throw Failure(error)
                }
            }
        }
    }

    private func command(isStart: Bool, isDeaf: Bool) async throws -> Command {
        let id = state.withLock { state in
            state.lastLife += 1
            return state.lastLife
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                state.withLock {
                    $0.lives[id] = Life(isStart: isStart, isDeaf: isDeaf, continuation: continuation)
                }
                if Task.isCancelled { cancel(id) }
            }
        } onCancel: {
            cancel(id)
        }
    }

    private func cancel(_ id: Int) {
        let (life, reaction) = state.withLock { state in
            guard let life = state.lives[id] else { return (nil as Life?, Performance.Reaction.ends) }
            let reaction: Performance.Reaction =
                life.isStart ? (life.isDeaf ? .isDeaf : .ends) : state.plan.onCancel
            if reaction == .isDeaf { state.lives[id]?.isCancelled = true } else { state.lives[id] = nil }
            return (life, reaction)
        }
        switch reaction {
        case .ends: life?.continuation?.resume(throwing: CancellationError())
        case .returns: life?.continuation?.resume(returning: .end(.normal))
        case .fails: life?.continuation?.resume(throwing: Failure("no end"))
        case .isDeaf: break
        }
    }

    private func resume(with command: Command, where isMeant: (Life) -> Bool) {
        let meant = state.withLock { state in
            let meant = state.lives.filter { isMeant($0.value) }
            for id in meant.keys { state.lives[id] = nil }
            return meant.values
        }
        for life in meant { life.continuation?.resume(returning: command) }
    }
}

/// Performers by name, those to come included.
final class Performers: Sendable {
    private let performers = Lock<[Model.Path: Performer]>([:])
    /// Of each dynamic supervisor the calls that added children, in order: the n-th added the child of number n.
    private let pools = Lock<[Model.Path: [Int]]>([:])

    var all: [Performer] { performers.withLock { Array($0.values) } }

    var running: [Model.Path] { performers.withLock { $0.filter { $0.value.isRunning }.keys.sorted() } }

    subscript(path: Model.Path) -> Performer {
        performers.withLock { performers in
            if let performer = performers[path] { return performer }
            let performer = Performer()
            performers[path] = performer
            return performer
        }
    }
}

extension Performers {
    func ofPool(_ prefix: Model.Path, startedBy call: Int) -> Performer {
        let number = pools.withLock { pools in
            if let place = pools[prefix]?.firstIndex(of: call) { return place + 1 }
            pools[prefix, default: []].append(call)
            return pools[prefix]?.count ?? 0
        }
        return self["\(prefix)#\(number)"]
    }
}
