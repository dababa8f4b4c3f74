/// One child as its supervisor keeps it. Only its supervisor touches it, in its isolation.
final class Child {
    enum State {
        /// Not begun, ended for good, or stopped.
        case down
        case starting
        case running
        /// Failed, its restart is a matter of time.
        case waiting
        /// Failed, and what follows for it and its siblings waits for the supervisor's turn.
        case exited
        /// Cancelled, and not yet ended.
        case ending(Cause)
    }

    /// Why a child was cancelled.
    enum Cause {
        /// The supervisor no longer wants it.
        case stop
        /// It missed a deadline.
        case failure(any Error)
    }

    /// A spec that many children may share.
    final class Template: Sendable {
        let spec: ChildSpec

        init(_ spec: ChildSpec) { self.spec = spec }
    }

    /// Tells children of one supervisor apart; later ones have larger keys.
    let key: Int
    var template: Template
    /// What its task was launched with; another since then needs another task.
    var launchedTemplate: Template?
    /// The child's own start function, in place of its template's; nil for a child that is as its template.
    var start: ChildSpec.Start?
    var context: ChildContext

    /// What it runs in, if it does not run in this process.
    var cell: Cell?

    var state = State.down
    var task: Task<Void, Never>?
    /// Tells the child's lives apart: what comes from an earlier one is stale.
    var incarnation = 0
    var starts = 0
    var startedAt = Duration.zero
    /// The last back-off.
    var delay: Duration?
    var lastError: (any Error)?
    /// How long its last life lasted since it had started.
    var ran = Duration.zero
    /// It was cancelled while it started.
    var endedInStart = false
    /// A sequence of the supervisor waits for the start, and decides when it fails.
    var isAwaited = false
    /// How the awaited start went.
    var startOutcome: Supervisor.StartOutcome?
    /// Stopped because of a sibling whose restart it waits for.
    var isSuspended = false
    /// Where ``Deadlines`` keeps it.
    var deadlinePlace: Int?

    init(key: Int, _ template: Template, start: ChildSpec.Start? = nil, context: ChildContext) {
        self.key = key
        self.template = template
        self.start = start
        self.context = context
    }

    var spec: ChildSpec { template.spec }

    /// As it was when this life began: the deadlines in force.
    var launchedSpec: ChildSpec { launchedTemplate?.spec ?? spec }

    /// Of one of many like children the key tells which.
    var id: String { start == nil ? spec.id : "\(spec.id)#\(key)" }

    /// What its task does.
    var work: ChildSpec.Kind {
        // Not by ??, which would wrap each closure once more, in frames that the child's task then keeps.
        if let cell {
            .worker(start: cell.start)
        } else if let start {
            .worker(start: start)
        } else {
            spec.kind
        }
    }

    var isDown: Bool { if case .down = state { true } else { false } }
    var isRunning: Bool { if case .running = state { true } else { false } }
    var isStarting: Bool { if case .starting = state { true } else { false } }
    var isWaiting: Bool { if case .waiting = state { true } else { false } }
    var hasExited: Bool { if case .exited = state { true } else { false } }
    var isEnding: Bool { if case .ending = state { true } else { false } }

    /// It has a task that runs on: what OTP shows with a pid.
    var isActive: Bool { isRunning || isEnding }

    var isAsLaunched: Bool { launchedTemplate === template }

    /// Failed and not yet running again.
    var isRestarting: Bool { isStarting || isWaiting || hasExited || isSuspended }

    /// What a snapshot says of it, but for what is below it.
    /// - Parameter due: its deadline.
    func snapshot(at now: Duration, due: Duration?) -> (SupervisorSnapshot?) -> ChildSnapshot {
        let state: ChildSnapshot.State
        switch self.state {
        case .down: state = isSuspended ? .restarting : .stopped
        case .starting: state = isAwaited && starts == 0 ? .starting : .restarting
        case .running: state = .running
        case .waiting, .exited: state = .restarting
        case .ending: state = .stopping
        }
        let restartsIn = isWaiting ? due.map { max($0 - now, .zero) } : nil
        let uptime = isRunning ? now - startedAt : nil
        let livenessAge = isRunning && launchedSpec.liveness != nil ? now - context.lastCheckIn : nil
        let processID = isActive ? cell?.processID : nil
        let own = (id, spec.restart, max(0, starts - 1), lastError, spec.mailbox?.statistics)
        return { supervisor in
            ChildSnapshot(
                id: own.0, restart: own.1, state: state, restarts: own.2, restartsIn: restartsIn, uptime: uptime,
                processID: processID, lastError: own.3,
                livenessAge: livenessAge, mailbox: own.4, supervisor: supervisor)
        }
    }
}
