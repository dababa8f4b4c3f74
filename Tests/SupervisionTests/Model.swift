import Supervision

/// What supervision means, as an executable specification: OTP's rules and what Swift needs beyond them.
///
/// Purely sequential and without tasks, clocks or actors: a stimulus is one call, and ``settle()`` draws all its
/// consequences. Each supervisor has an agenda of steps, of which only the first is being done, and an inbox of what
/// waits for the agenda to be empty.
struct Model {
    typealias Path = String

    enum Reason: Equatable {
        case normal, cancelled
        case failure(String)

        var isFailure: Bool { if case .failure = self { true } else { false } }
        var error: String? {
            switch self {
            case .normal: nil
            case .cancelled: "cancelled"
            case .failure(let error): error
            }
        }
    }

    enum State: Equatable {
        case down, starting, running
        /// For the end of its back-off.
        case waiting
        /// For its supervisor's turn to restart it and its siblings.
        case exited
        /// Cancelled: stopped when `failure` is nil, else for a missed deadline.
        case ending(failure: String?)
    }

    enum Outcome: Equatable {
        case running, ignored
        case failed
    }

    struct Child {
        let parent: Path
        var spec: ModelSpec
        var state = State.down
        /// When its start, its silence, its back-off or its end has lasted too long.
        var deadline: Int?
        /// Tells its lives apart.
        var life = 0
        var starts = 0
        var startedAt = 0
        var ran = 0
        var delay: Int?
        var liveness: Int?
        var lastError: String?
        /// The agenda waits for its start.
        var isAwaited = false
        var outcome: Outcome?
        /// Stopped because of a sibling whose restart it waits for.
        var isSuspended = false
        var endedInStart = false
        /// Ignores its cancellation.
        var isDeaf = false

        var isActive: Bool { if case .ending = state { true } else { state == .running } }
        var isEnding: Bool { if case .ending = state { true } else { false } }
        var isRestarting: Bool { [.starting, .waiting, .exited].contains(state) || isSuspended }
    }

    enum Verdict: Equatable {
        case stop, autoShutdown
        case failure(String)
    }

    enum Purpose: Equatable {
        case first, group
        case added(call: Int)
        case again(call: Int)
    }

    enum Step: Equatable {
        /// Several only where the order does not matter: all are stopped at once.
        case stop([Path])
        case untilStopped([Path])
        case start(Path, Purpose)
        case untilStarted(Path, Purpose)
        case suspendGroup(of: Path, delay: Int?)
        case resumeSuspended
        case answer(call: Int)
        case begun, finish, over
    }

    enum Message: Equatable {
        case exit(Path, life: Int)
        case resume(Path, life: Int)
        case request(ModelRequest, call: Int)
    }

    enum Phase { case stopped, starting, running, stopping }

    struct Supervisor {
        let initial: ModelTree
        var tree: ModelTree
        var children: [Path] = []
        var phase = Phase.stopped
        var verdict: Verdict?
        var agenda: [Step] = []
        var inbox: [Message] = []
        var callers: Set<Int> = []
        var recentRestarts: [Int] = []
        var abandoned = 0
        /// Abandoned tasks that still run.
        var leftovers: [Path] = []
        var lastNumber = 0

        var takesCalls: Bool { (phase == .starting || phase == .running) && verdict == nil }
    }

    static let root = "root"

    private(set) var now = 0
    private(set) var events: [String] = []
    private(set) var answers: [Int: String] = [:]
    /// How the root ended last.
    private(set) var result: String?
    private(set) var children: [Path: Child] = [:]
    private(set) var supervisors: [Path: Supervisor] = [:]
    var performers: [Path: Performance] = [:]
    /// Whose turn it is where several supervisors could go on, which nothing fixes; nil: the outermost's.
    var turns: ModelTurns?

    init(_ tree: ModelTree) {
        supervisors[Self.root] = Supervisor(initial: tree, tree: tree)
    }
}

// MARK: - Stimuli

extension Model {
    mutating func run() {
        result = nil
        begin(Self.root)
        settle()
    }

    mutating func cancelRoot() {
        conclude(Self.root, .stop)
        settle()
    }

    /// A running child ends of its own accord.
    mutating func end(_ path: Path, _ reason: Reason) {
        guard children[path]?.state == .running, children[path]?.spec.tree == nil else { return }
        ended(path, reason)
        settle()
    }

    mutating func checkIn(_ path: Path) {
        guard let child = children[path], child.state == .running, let liveness = child.liveness else { return }
        children[path]?.deadline = now + liveness
    }

    /// What hangs goes on: starts return, and the deaf end.
    mutating func release(_ path: Path) {
        for parent in Array(supervisors.keys) { supervisors[parent]?.leftovers.removeAll { $0 == path } }
        guard let child = children[path], child.spec.tree == nil else { return }
        if child.state == .starting { started(path) } else if child.isEnding, child.isDeaf { ended(path, .normal) }
        settle()
    }

    var canRun: Bool { supervisors[Self.root]?.phase == .stopped }

    /// The workers in their bodies.
    var running: [Path] { children.filter { $0.value.state == .running && $0.value.spec.tree == nil }.keys.sorted() }

    /// The next moment at which something is due, and whether it is plain in which order.
    var nextDeadline: (moment: Int, isOrdered: Bool)? {
        guard let moment = children.values.compactMap(\.deadline).min() else { return nil }
        let due = children.values.filter { $0.deadline == moment }
        let isStopping = due.allSatisfy { $0.parent == due.first?.parent && supervisors[$0.parent]?.verdict != nil }
        return (moment, due.count == 1 || isStopping)
    }

    /// At most to ``nextDeadline``.
    mutating func advance(to moment: Int) {
        now = moment
        for path in children.keys.sorted() where children[path]?.deadline == moment { deadlinePassed(path) }
        settle()
    }

    mutating func call(_ number: Int, of path: Path, _ request: ModelRequest) {
        guard let supervisor = supervisors[path] else { return }
        if supervisor.takesCalls {
            supervisors[path]?.callers.insert(number)
            supervisors[path]?.inbox.append(.request(request, call: number))
        } else {
            answers[number] = "notRunning"
        }
        settle()
    }

    mutating func cancelCall(_ number: Int) {
        for path in Array(supervisors.keys) { answer(number, of: path, "cancelled") }
        settle()
    }
}

// MARK: - A supervisor's life

extension Model {
    private mutating func begin(_ path: Path) {
        guard var supervisor = supervisors[path] else { return }
        for child in supervisor.children { children[child] = nil }
        supervisor.tree = supervisor.initial
        supervisor.children = []
        supervisor.phase = .starting
        supervisor.verdict = nil
        supervisor.recentRestarts = []
        supervisors[path] = supervisor
        if !supervisor.tree.isDynamic { for spec in supervisor.tree.children { add(spec, to: path) } }
        let children = supervisors[path]?.children ?? []
        supervisors[path]?.agenda = children.map { .start($0, .first) } + [.begun]
    }

    private mutating func add(_ spec: ModelSpec, to parent: Path) {
        let path = "\(parent)/\(spec.name)"
        children[path] = Child(parent: parent, spec: spec)
        supervisors[parent]?.children.append(path)
        if let tree = spec.tree, supervisors[path]?.initial != tree {
            supervisors[path] = Supervisor(initial: tree, tree: tree)
        }
    }

    private mutating func remove(_ path: Path) {
        guard let parent = children.removeValue(forKey: path)?.parent else { return }
        supervisors[parent]?.children.removeAll { $0 == path }
    }

    /// The first verdict stands. The step being done is finished, the others are not.
    private mutating func conclude(_ path: Path, _ verdict: Verdict) {
        guard var supervisor = supervisors[path], supervisor.takesCalls else { return }
        supervisor.verdict = verdict
        supervisor.inbox = []
        for call in supervisor.callers { answers[call] = "notRunning" }
        supervisor.callers = []
        var agenda: [Step] = []
        if let first = supervisor.agenda.first, case .untilStopped = first { agenda = [first] }
        // The significant children's end is a success, also while the others start.
        if supervisor.phase == .starting, verdict == .autoShutdown { agenda.append(.begun) }
        supervisor.agenda = agenda + [.finish]
        supervisors[path] = supervisor
        for child in supervisor.children { children[child]?.isAwaited = false }
    }

    /// Draws all consequences.
    private mutating func settle() {
        while let path = nextToStep() { step(path) }
    }

    private mutating func nextToStep() -> Path? {
        let ready = supervisors.keys.filter { canStep($0) }.sorted()
        return turns == nil ? ready.first : turns?.pick(ready)
    }

    private func canStep(_ path: Path) -> Bool {
        guard let supervisor = supervisors[path] else { return false }
        switch supervisor.agenda.first {
        case .untilStopped(let paths): return !paths.contains { children[$0]?.isEnding ?? false }
        case .untilStarted(let child, _): return children[child]?.outcome != nil
        case nil: return supervisor.phase == .running && !supervisor.inbox.isEmpty
        default: return true
        }
    }

    private mutating func step(_ path: Path) {
        guard let supervisor = supervisors[path] else { return }
        guard let step = supervisor.agenda.first else { return takeMessage(path) }
        supervisors[path]?.agenda.removeFirst()
        switch step {
        case .stop(let paths):
            doFirst([.untilStopped(paths)], path)
            for child in paths { beginStop(child) }
        case .untilStopped(let paths):
            for child in paths where supervisor.tree.isDynamic || children[child]?.spec.restart == .temporary {
                remove(child)
            }
        case .start(let child, let purpose):
            guard children[child]?.state == .down else { return }
            doFirst([.untilStarted(child, purpose)], path)
            children[child]?.isAwaited = true
            children[child]?.outcome = nil
            launch(child)
        case .untilStarted(let child, let purpose):
            if let outcome = children[child]?.outcome { startIsOver(child, purpose, outcome) }
        case .suspendGroup(let failed, let delay):
            for child in group(of: failed) { children[child]?.isSuspended = true }
            if let delay { postpone(failed, delay) } else { doFirst([.resumeSuspended], path) }
        case .resumeSuspended:
            let suspended = supervisor.children.filter {
                children[$0]?.isSuspended ?? false && children[$0]?.state == .down
            }
            doFirst(suspended.map { .start($0, .group) }, path)
        case .answer(let call):
            answer(call, of: path, "ok")
        case .begun:
            supervisors[path]?.phase = .running
            started(path)
        case .finish:
            supervisors[path]?.phase = .stopping
            let last = supervisor.children.reversed()
            doFirst((supervisor.tree.isDynamic ? [.stop(Array(last))] : last.map { .stop([$0]) }) + [.over], path)
        case .over:
            supervisors[path]?.phase = .stopped
            let reason: Reason = if case .failure(let error) = supervisor.verdict { .failure(error) } else { .normal }
            if path == Self.root { result = reason.error ?? "returned" } else { ended(path, reason) }
        }
    }

    private mutating func doFirst(_ steps: [Step], _ path: Path) {
        supervisors[path]?.agenda.insert(contentsOf: steps, at: 0)
    }

    private mutating func takeMessage(_ path: Path) {
        guard let message = supervisors[path]?.inbox.removeFirst() else { return }
        switch message {
        case .exit(let child, let life):
            if children[child]?.life == life, children[child]?.state == .exited { restartGroup(of: child) }
        case .resume(let child, let life):
            guard children[child]?.life == life, children[child]?.state == .waiting else { return }
            children[child]?.state = .down
            doFirst([.resumeSuspended], path)
        case .request(let request, let call):
            if supervisors[path]?.callers.contains(call) ?? false { perform(request, call, path) }
        }
    }

    private mutating func answer(_ call: Int, of path: Path, _ text: String) {
        if supervisors[path]?.callers.remove(call) != nil { answers[call] = text }
    }
}

// MARK: - Requests

extension Model {
    private func flaw(of spec: ModelSpec, _ tree: ModelTree) -> String? {
        spec.isSignificant && (spec.restart == .permanent || tree.autoShutdown == .never) ? "invalidSpec" : nil
    }

    private func flaw(of tree: ModelTree) -> String? {
        var names: Set<String> = []
        for spec in tree.children {
            if !names.insert(spec.name).inserted { return "duplicateChild" }
            if let flaw = flaw(of: spec, tree) { return flaw }
        }
        return nil
    }

    private mutating func perform(_ request: ModelRequest, _ call: Int, _ path: Path) {
        guard let tree = supervisors[path]?.tree, let siblings = supervisors[path]?.children else { return }
        switch request {
        case .startDynamic:
            if siblings.count >= tree.maxChildren { return answer(call, of: path, "tooManyChildren") }
            guard var spec = tree.children.first, let number = supervisors[path]?.lastNumber else { return }
            supervisors[path]?.lastNumber = number + 1
            spec.name += "#\(number + 1)"
            add(spec, to: path)
            doFirst([.start("\(path)/\(spec.name)", .added(call: call))], path)
        case .start(let spec):
            let child = "\(path)/\(spec.name)"
            if let other = children[child] {
                return answer(call, of: path, other.isActive ? "alreadyStarted" : "alreadyPresent")
            }
            if let flaw = flaw(of: spec, tree) { return answer(call, of: path, flaw) }
            add(spec, to: path)
            doFirst([.start(child, .added(call: call))], path)
        case .stop(let name):
            guard let child = children["\(path)/\(name)"] else { return answer(call, of: path, "unknownChild") }
            // Its siblings may wait for its restart.
            let rest: [Step] = [.waiting, .exited].contains(child.state) ? [.resumeSuspended] : []
            doFirst([.stop(["\(path)/\(name)"])] + rest + [.answer(call: call)], path)
        case .restart(let name), .delete(let name):
            guard let child = children["\(path)/\(name)"] else { return answer(call, of: path, "unknownChild") }
            if child.isActive { return answer(call, of: path, "childRunning") }
            if child.isRestarting { return answer(call, of: path, "childRestarting") }
            if case .restart = request {
                doFirst([.start("\(path)/\(name)", .again(call: call))], path)
            } else {
                remove("\(path)/\(name)")
                answer(call, of: path, "ok")
            }
        case .reconfigure(let changed):
            if let flaw = flaw(of: changed) { return answer(call, of: path, flaw) }
            let names = Set(changed.children.map { "\(path)/\($0.name)" })
            if siblings.contains(where: {
                !names.contains($0) && children[$0].flatMap { flaw(of: $0.spec, changed) } != nil
            }) {
                return answer(call, of: path, "invalidSpec")
            }
            supervisors[path]?.tree = changed
            for spec in changed.children {
                if children["\(path)/\(spec.name)"] == nil { add(spec, to: path) }
                children["\(path)/\(spec.name)"]?.spec = spec
            }
            answer(call, of: path, "ok")
        }
    }
}

// MARK: - Restarts

extension Model {
    /// The children that the failure of one concerns, itself among them, in order.
    private func group(of path: Path) -> [Path] {
        guard let parent = children[path]?.parent, let supervisor = supervisors[parent] else { return [] }
        switch supervisor.tree.strategy {
        case .oneForOne: return [path]
        case .oneForAll: return supervisor.children
        case .restForOne: return Array(supervisor.children.drop { $0 != path })
        }
    }

    /// Its siblings are stopped, and all wait for its back-off, if it has one.
    private mutating func restartGroup(of path: Path) {
        guard let parent = children[path]?.parent else { return }
        let delay = nextDelay(path)
        guard delay != nil || isTolerated(parent) else { return giveUp(path) }
        children[path]?.state = .down
        let siblings = group(of: path).reversed().filter { $0 != path }
        doFirst(siblings.map { .stop([$0]) } + [.suspendGroup(of: path, delay: delay)], parent)
    }

    /// What follows when a child ended that nobody had asked to.
    private mutating func follow(_ path: Path, _ reason: Reason) {
        guard let child = children[path], let supervisor = supervisors[child.parent] else { return }
        let hadStarted = child.state == .running
        children[path]?.state = .down
        if child.isAwaited { return decide(path, .failed) }
        let restarts =
            switch child.spec.restart {
            case .permanent: true
            case .transient: reason.isFailure
            case .temporary: false
            }
        // A restart that failed is tried again.
        if hadStarted, !restarts {
            if supervisor.tree.isDynamic || child.spec.restart == .temporary { remove(path) }
            if child.spec.isSignificant { significantChildEnded(child.parent) }
        } else if !supervisor.tree.isDynamic, supervisor.tree.strategy != .oneForOne {
            exit(path)
        } else if let delay = nextDelay(path) {
            postpone(path, delay)
        } else if isTolerated(child.parent) {
            launch(path)
        } else {
            giveUp(path)
        }
    }

    /// It waits for its supervisor's turn, and so does whoever calls meanwhile.
    private mutating func exit(_ path: Path) {
        guard let child = children[path] else { return }
        children[path]?.state = .exited
        supervisors[child.parent]?.inbox.append(.exit(path, life: child.life))
    }

    private mutating func significantChildEnded(_ parent: Path) {
        guard let supervisor = supervisors[parent] else { return }
        let others = supervisor.children.compactMap { children[$0] }
            .contains { $0.spec.isSignificant && ($0.isActive || $0.isRestarting) }
        switch supervisor.tree.autoShutdown {
        case .never: break
        case .anySignificant: conclude(parent, .autoShutdown)
        case .allSignificant: if !others { conclude(parent, .autoShutdown) }
        }
    }

    /// Each back-off is twice the last one, and the first again after a long run.
    private mutating func nextDelay(_ path: Path) -> Int? {
        guard let child = children[path], let backoff = child.spec.backoff else { return nil }
        let isFirst = child.delay == nil || child.ran >= milliseconds(backoff.resetAfter)
        let doubled = isFirst ? milliseconds(backoff.initial) : (child.delay ?? 0) * 2
        let delay = min(doubled, milliseconds(backoff.maximum))
        children[path]?.delay = delay
        return delay
    }

    private mutating func postpone(_ path: Path, _ delay: Int) {
        children[path]?.state = .waiting
        children[path]?.deadline = now + delay
        note(path, "restarts in \(delay)")
    }

    private mutating func isTolerated(_ parent: Path) -> Bool {
        guard var supervisor = supervisors[parent] else { return false }
        supervisor.recentRestarts.removeAll { now - $0 >= supervisor.tree.period }
        let isTolerated = supervisor.recentRestarts.count < supervisor.tree.restarts
        if isTolerated { supervisor.recentRestarts.append(now) }
        supervisors[parent] = supervisor
        return isTolerated
    }

    private mutating func giveUp(_ path: Path, _ error: String = "intensityExceeded") {
        guard let parent = children[path]?.parent else { return }
        children[path]?.state = .down
        note(path, "given up")
        conclude(parent, .failure(error))
    }
}

// MARK: - One child's life

extension Model {
    private mutating func launch(_ path: Path) {
        guard let spec = children[path]?.spec else { return }
        children[path]?.state = .starting
        children[path]?.isSuspended = false
        children[path]?.life += 1
        children[path]?.deadline = spec.startDeadline.map { now + $0 }
        children[path]?.liveness = spec.liveness
        children[path]?.isDeaf = false
        if spec.tree != nil { return begin(path) }
        let start = performers[path]?.starts.first ?? .runs
        if performers[path]?.starts.first != nil { performers[path]?.starts.removeFirst() }
        switch start {
        case .runs: started(path)
        case .fails: ended(path, .failure("no start"))
        case .throwsCancellation: ended(path, .cancelled)
        case .ignores: ignored(path)
        case .hangs: break
        case .hangsDeaf: children[path]?.isDeaf = true
        }
    }

    private mutating func started(_ path: Path) {
        guard let child = children[path], child.state == .starting else { return }
        children[path]?.state = .running
        children[path]?.startedAt = now
        children[path]?.deadline = child.liveness.map { now + $0 }
        children[path]?.isDeaf = false
        note(path, child.starts == 0 ? "started" : "restarted \(child.starts)")
        children[path]?.starts += 1
        decide(path, .running)
    }

    private mutating func ignored(_ path: Path) {
        guard let child = children[path] else { return }
        children[path]?.state = .down
        children[path]?.deadline = nil
        note(path, "ignored")
        if !child.isAwaited, supervisors[child.parent]?.tree.isDynamic ?? false { remove(path) }
        decide(path, .ignored)
    }

    private mutating func decide(_ path: Path, _ outcome: Outcome) {
        guard children[path]?.isAwaited ?? false else { return }
        children[path]?.isAwaited = false
        children[path]?.outcome = outcome
    }

    private mutating func startIsOver(_ path: Path, _ purpose: Purpose, _ outcome: Outcome) {
        guard let child = children[path], let parent = supervisors[child.parent] else { return }
        switch (purpose, outcome) {
        case (.first, .failed):
            // As in OTP: a child that cannot even start once is a mistake to be seen at once, not bad luck.
            if let delay = nextDelay(path) { postpone(path, delay) } else { giveUp(path, "startFailed") }
        case (.group, .failed):
            supervisors[child.parent]?.agenda.removeAll { if case .start(_, .group) = $0 { true } else { false } }
            exit(path)
        case (.added(let call), .failed):
            remove(path)
            answer(call, of: child.parent, "startFailed")
        case (.again(let call), .failed):
            answer(call, of: child.parent, "startFailed")
        case (_, .running), (_, .ignored):
            let isForgotten = parent.tree.isDynamic || child.spec.restart == .temporary
            switch purpose {
            case .first, .group: if outcome == .ignored, isForgotten { remove(path) }
            case .added(let call):
                if outcome == .ignored, isForgotten { remove(path) }
                answer(call, of: child.parent, "ok")
            case .again(let call): answer(call, of: child.parent, "ok")
            }
        }
    }

    /// The child's task is over.
    private mutating func ended(_ path: Path, _ reason: Reason) {
        guard let child = children[path] else { return }
        children[path]?.deadline = nil
        if let error = reason.error, !child.isEnding || reason.isFailure { children[path]?.lastError = error }
        switch child.state {
        case .starting, .running:
            children[path]?.ran = child.state == .running ? now - child.startedAt : 0
            note(path, reason.error.map { "failed: \($0)" } ?? "finished")
            if supervisors[child.parent]?.verdict != nil {
                children[path]?.state = .down
            } else {
                follow(path, reason)
            }
        case .ending(let failure):
            note(path, reason.isFailure ? "failed: \(reason.error ?? "")" : "stopped")
            afterEnd(path, failure)
        case .down, .waiting, .exited:
            break
        }
    }

    /// A cancelled child has ended, or is no longer waited for.
    private mutating func afterEnd(_ path: Path, _ failure: String?) {
        guard let child = children[path], supervisors[child.parent]?.verdict == nil, let failure else {
            children[path]?.state = .down
            return
        }
        children[path]?.state = child.endedInStart ? .starting : .running
        children[path]?.lastError = failure
        follow(path, .failure(failure))
    }

    private mutating func beginStop(_ path: Path) {
        guard let child = children[path] else { return }
        children[path]?.isSuspended = false
        switch child.state {
        case .down: break
        case .waiting, .exited:
            children[path]?.deadline = nil
            children[path]?.state = .down
        case .starting, .running: cancel(path, failure: nil)
        case .ending: children[path]?.state = .ending(failure: nil)
        }
    }

    private mutating func cancel(_ path: Path, failure: String?) {
        guard let child = children[path] else { return }
        children[path]?.endedInStart = child.state == .starting
        children[path]?.ran = child.state == .running ? now - child.startedAt : 0
        children[path]?.state = .ending(failure: failure)
        if child.spec.tree != nil {
            children[path]?.deadline = nil
            return conclude(path, .stop)
        }
        let onCancel = performers[path]?.onCancel ?? .ends
        let isDeaf = child.state == .starting ? child.isDeaf : onCancel == .isDeaf
        children[path]?.isDeaf = isDeaf
        children[path]?.deadline = child.spec.shutdown.map { now + $0 }
        if child.spec.shutdown == 0 {
            abandon(path)
        } else if !isDeaf {
            ended(path, child.state == .running && onCancel == .fails ? .failure("no end") : .normal)
        }
    }

    private mutating func abandon(_ path: Path) {
        guard let child = children[path], case .ending(let failure) = child.state else { return }
        children[path]?.deadline = nil
        supervisors[child.parent]?.abandoned += 1
        if child.isDeaf { supervisors[child.parent]?.leftovers.append(path) }
        guard let parent = supervisors[child.parent] else { return }
        note(path, "abandoned, \(parent.abandoned) in all")
        // A child that is not waited for at all has not ignored anything yet.
        if child.spec.shutdown != 0, parent.verdict == nil, parent.leftovers.count > parent.tree.abandonedLimit {
            giveUp(path, "tooManyAbandoned")
        }
        afterEnd(path, failure)
    }

    private mutating func deadlinePassed(_ path: Path) {
        guard let child = children[path] else { return }
        children[path]?.deadline = nil
        switch child.state {
        case .starting: miss(path, "startDeadlineExceeded")
        case .running: miss(path, "livenessMissed")
        case .ending: abandon(path)
        case .waiting:
            if child.isSuspended {
                supervisors[child.parent]?.inbox.append(.resume(path, life: child.life))
            } else {
                launch(path)
            }
        case .down, .exited: break
        }
    }

    private mutating func miss(_ path: Path, _ deadline: String) {
        note(path, "failed: \(deadline)")
        cancel(path, failure: deadline)
    }

    private mutating func note(_ path: Path, _ text: String) {
        events.append("\(path) \(text)")
    }

    private func milliseconds(_ duration: Duration) -> Int { Int(duration / .milliseconds(1)) }
}

// MARK: - Snapshot

extension Model {
    /// The tree as text.
    func snapshot(_ path: Path = Model.root) -> String {
        guard let supervisor = supervisors[path] else { return "" }
        let recent = supervisor.recentRestarts.count { now - $0 < supervisor.tree.period }
        var lines = [
            "\(path): \(recent) restarts, \(supervisor.abandoned) abandoned, \(supervisor.leftovers.count) of them run"
        ]
        for path in supervisor.children {
            guard let child = children[path] else { continue }
            let state =
                switch child.state {
                case .down: child.isSuspended ? "restarting" : "stopped"
                case .starting: child.isAwaited && child.starts == 0 ? "starting" : "restarting"
                case .running: "running"
                case .waiting, .exited: "restarting"
                case .ending: "stopping"
                }
            lines.append("\(path): \(state), \(max(0, child.starts - 1)) restarts, \(child.lastError ?? "no error")")
            if child.spec.tree != nil { lines.append(snapshot(path)) }
        }
        return lines.joined(separator: "\n")
    }
}

/// One of the orders in which supervisors that are independent of each other may go on.
struct ModelTurns {
    private var random: SeededGenerator
    private let steadiness: Int
    private var last: Model.Path?

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        // From strictly by chance to one of them until it can no more.
        steadiness = Int.random(in: 0...20, using: &random)
    }

    mutating func pick(_ ready: [Model.Path]) -> Model.Path? {
        if let last, ready.contains(last), Int.random(in: 0..<20, using: &random) < steadiness { return last }
        last = ready.randomElement(using: &random)
        return last
    }
}
