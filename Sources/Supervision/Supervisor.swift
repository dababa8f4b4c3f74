/// Starts its children in order, restarts those that fail, and stops them in reverse order.
///
/// A supervisor ends in three ways. When its task is cancelled it stops its children and returns. When its significant
/// children have ended, as its ``AutoShutdown`` says, it does the same. When its children fail more often than its
/// ``Intensity`` allows it stops those that are left and throws, so that whoever runs it, a parent supervisor or the
/// process, decides.
///
/// It catches what children throw. A trap (an index out of range, an overflow, a forced nil) ends the whole process and
/// is none of its business.
///
/// The calls that change the children at run time wait their turn, one after the other, and are answered when the change
/// is done. A caller that is cancelled stops waiting; what it asked for is then left out if it has not begun.
public actor Supervisor {
    /// The name of the supervisor, and its id as a child.
    public nonisolated let id: String

    struct Configuration {
        var strategy: Strategy
        var intensity: Intensity
        var autoShutdown: AutoShutdown
        /// Abandoned children that may still run.
        var abandonedLimit: Int
        /// The most children; for a dynamic supervisor only.
        var childLimit = Int.max
    }

    enum Phase {
        case stopped, starting, running, stopping
    }

    enum Verdict {
        /// Told to end.
        case stop
        /// The significant children have ended.
        case autoShutdown
        case fail(SupervisionError)
    }

    /// What waits for the supervisor's own task.
    enum Message {
        /// A child failed, its siblings are concerned.
        case exit(Child, incarnation: Int)
        /// A child's back-off is over, its siblings wait for it.
        case resume(Child, incarnation: Int)
        case request(Request, caller: Int)
    }

    enum Request {
        case start(Child.Template, ChildSpec.Start?)
        case stop(key: Int)
        case stopNamed(String)
        case restart(String)
        case delete(String)
        case reconfigure((inout Configuration) -> Void, [ChildSpec])
    }

    let timeline: Timeline
    let isDynamic: Bool
    private let ownEventHandler: (@Sendable (SupervisorEvent) -> Void)?
    /// What the supervisor begins with, at its first start and at every restart.
    private let initialConfiguration: Configuration
    nonisolated let initialChildren: [Child.Template]

    var configuration: Configuration
    /// By key. Keys grow in the order of the start.
    var children: [Int: Child] = [:]
    /// Keys by id; empty for a dynamic supervisor.
    var keys: [String: Int] = [:]
    private var lastKey = 0

    var phase = Phase.stopped
    var verdict: Verdict?
    /// Tells the runs of this supervisor apart, for cancellations that arrive after the run they meant.
    private var generation = 0
    /// The one task that runs the supervisor, while it waits.
    private var waiter: (condition: () -> Bool, continuation: CheckedContinuation<Void, Never>)?
    /// Bounded: each child is in it at most once, and each caller waits for its own request.
    private var inbox = RingBuffer<Message>(capacity: .max)
    /// Those who wait for an answer, by number.
    private var callers: [Int: CheckedContinuation<Int?, any Error>] = [:]
    private var lastCaller = 0

    /// When the restarts within the current intensity period happened, oldest first.
    var recentRestarts = RingBuffer<Duration>(capacity: .max)
    var deadlines = Deadlines()
    /// The armed wake-up for the earliest deadline, or for an earlier moment.
    var alarm: (moment: Duration, wakeUp: WakeUp)?
    /// Children stopping now.
    var endingCount = 0
    var abandoned = 0
    var abandonedStillRunning = 0
    /// The ids from the outermost supervisor down to this one.
    var path: [String]
    /// Of the child that runs this supervisor; nil for the outermost.
    private var parentContext: ChildContext?
    var emit: @Sendable (SupervisorEvent) -> Void = { _ in }

    /// - Parameters:
    ///   - id: the name of the supervisor, not empty.
    ///   - strategy: which children are restarted when one fails.
    ///   - intensity: how many restarts within a period are bad luck; one more is the supervisor's own failure.
    ///   - autoShutdown: whether the end of significant children ends the supervisor.
    ///   - abandonedLimit: how many children that ignore their cancellation may go on running; one more is the
    ///     supervisor's own failure. 0 or more. The default is the number of threads Swift's pool has on a Pi: as many
    ///     hung children can leave it without any.
    ///   - children: in the order of their start.
    ///   - clock: the clock of the intensity, the back-offs and all deadlines.
    ///   - onEvent: told what happens, in order; it must not block. nil: a nested supervisor's events go where its
    ///     parent's go.
    /// - Throws: ``SupervisionError/duplicateChild(id:supervisor:)``,
    ///   ``SupervisionError/invalidSpec(id:supervisor:reason:)``,
    ///   ``SupervisionError/invalidConfiguration(supervisor:reason:)``.
    public init(
        _ id: String, strategy: Strategy = .oneForOne, intensity: Intensity = Intensity(),
        autoShutdown: AutoShutdown = .never, abandonedLimit: Int = 4, children: [ChildSpec],
        clock: any Clock<Duration> = ContinuousClock(), onEvent: (@Sendable (SupervisorEvent) -> Void)? = nil
    ) throws(SupervisionError) {
        let configuration = Configuration(
            strategy: strategy, intensity: intensity, autoShutdown: autoShutdown, abandonedLimit: abandonedLimit)
        try Self.check(children, configuration, of: id)
        self.init(
            id, configuration, children.map(Child.Template.init), isDynamic: false, clock: clock, onEvent: onEvent)
    }

    /// For children added at run time, all alike.
    init(
        dynamic id: String, _ configuration: Configuration, template: ChildSpec, clock: any Clock<Duration>,
        onEvent: (@Sendable (SupervisorEvent) -> Void)?
    ) throws(SupervisionError) {
        try Self.check([template], configuration, of: id)
        self.init(id, configuration, [], isDynamic: true, clock: clock, onEvent: onEvent)
    }

    private init(
        _ id: String, _ configuration: Configuration, _ children: [Child.Template], isDynamic: Bool,
        clock: any Clock<Duration>, onEvent: (@Sendable (SupervisorEvent) -> Void)?
    ) {
        self.id = id
        self.configuration = configuration
        self.isDynamic = isDynamic
        initialConfiguration = configuration
        initialChildren = children
        timeline = Timeline(clock)
        ownEventHandler = onEvent
        path = [id]
    }

    static func check(
        _ children: [ChildSpec], _ configuration: Configuration, of id: String
    ) throws(SupervisionError) {
        if id.isEmpty { throw .invalidConfiguration(supervisor: id, reason: "its id is empty") }
        if configuration.intensity.restarts < 0 {
            throw .invalidConfiguration(supervisor: id, reason: "its intensity is negative")
        }
        if configuration.intensity.period <= .zero {
            throw .invalidConfiguration(supervisor: id, reason: "its intensity's period is not more than zero")
        }
        if configuration.abandonedLimit < 0 {
            throw .invalidConfiguration(supervisor: id, reason: "its limit of abandoned children is negative")
        }
        if configuration.childLimit < 0 {
            throw .invalidConfiguration(supervisor: id, reason: "its limit of children is negative")
        }
        var ids: Set<String> = []
        for child in children {
            guard ids.insert(child.id).inserted else { throw .duplicateChild(id: child.id, supervisor: id) }
            if let flaw = child.flaw(under: configuration.autoShutdown) {
                throw .invalidSpec(id: child.id, supervisor: id, reason: flaw)
            }
        }
    }

    /// This supervisor as a child of another: it has started when all its children have, and stops as long as they need.
    ///
    /// After a restart it begins anew with the children it was made with; those added at run time are gone. In a cell its
    /// children run there, all in one process; this value, in the process outside, does not run then.
    public nonisolated func childSpec(
        restart: Restart = .permanent, backoff: Backoff? = nil, isSignificant: Bool = false,
        isolation: Isolation = .task
    ) -> ChildSpec {
        ChildSpec(self, restart: restart, backoff: backoff, isSignificant: isSignificant, isolation: isolation)
    }

    /// Starts the children, supervises them until the task is cancelled, stops them, and returns.
    ///
    /// Returns as well when the significant children have ended, as the ``AutoShutdown`` says.
    ///
    /// In a process that was started as a cell, the outermost supervisor runs the cell's child instead, and the process
    /// ends here; see ``Isolation/process(_:)``.
    /// - Throws: ``SupervisionError`` when a child's first start failed, when the intensity was exceeded or too many
    ///   children were abandoned (in all cases after the other children were stopped), or when the supervisor runs
    ///   already.
    public func run() async throws {
        if ChildContext.current == nil, let order = CellHost.takeOrder() { await CellHost.run(order, in: self) }
        do {
            try await start(under: [], reportingTo: { _ in })
        } catch is CancellationError {
            return
        }
        try await supervise()
    }
}

// MARK: - Changes at run time

extension Supervisor {
    /// Adds a child after the others and starts it; returns when it has started.
    ///
    /// - Throws: ``SupervisionError``: ``SupervisionError/startFailed(path:underlying:)`` when its start function threw or
    ///   took too long (the child is not added then), ``SupervisionError/alreadyStarted(id:supervisor:)`` or
    ///   ``SupervisionError/alreadyPresent(id:supervisor:)`` when there is one of its name,
    ///   ``SupervisionError/invalidSpec(id:supervisor:reason:)``, ``SupervisionError/notRunning(supervisor:)``,
    ///   ``SupervisionError/reentrantCall(supervisor:)``. `CancellationError` when the caller was cancelled meanwhile.
    public func startChild(_ spec: ChildSpec) async throws {
        _ = try await ask(.start(Child.Template(spec), nil))
    }

    /// Stops a child; returns when it has ended, or was abandoned. Its spec is kept, a temporary child's is not.
    ///
    /// A child that is stopped already stays so. A child that is being restarted no longer is.
    /// - Throws: ``SupervisionError/unknownChild(id:supervisor:)``, ``SupervisionError/notRunning(supervisor:)``,
    ///   ``SupervisionError/reentrantCall(supervisor:)``. `CancellationError` when the caller was cancelled meanwhile,
    ///   also by being stopped itself.
    public func stopChild(_ id: String) async throws {
        _ = try await ask(.stopNamed(id))
    }

    /// Starts a child that is stopped; returns when it has started.
    ///
    /// - Throws: ``SupervisionError``: ``SupervisionError/startFailed(path:underlying:)`` (the child stays stopped),
    ///   ``SupervisionError/unknownChild(id:supervisor:)``, ``SupervisionError/childRunning(id:supervisor:)``,
    ///   ``SupervisionError/childRestarting(id:supervisor:)``, ``SupervisionError/notRunning(supervisor:)``,
    ///   ``SupervisionError/reentrantCall(supervisor:)``. `CancellationError` when the caller was cancelled meanwhile.
    public func restartChild(_ id: String) async throws {
        _ = try await ask(.restart(id))
    }

    /// Forgets a child that is stopped.
    ///
    /// - Throws: ``SupervisionError``: ``SupervisionError/unknownChild(id:supervisor:)``,
    ///   ``SupervisionError/childRunning(id:supervisor:)``, ``SupervisionError/childRestarting(id:supervisor:)``,
    ///   ``SupervisionError/notRunning(supervisor:)``, ``SupervisionError/reentrantCall(supervisor:)``.
    ///   `CancellationError` when the caller was cancelled meanwhile.
    public func deleteChild(_ id: String) async throws {
        _ = try await ask(.delete(id))
    }

    /// Changes the supervisor and the specs of its children while they run on, as OTP's `code_change` does.
    ///
    /// A spec replaces that of the child with its id; the child is as the new spec says from its next start on, its
    /// restart type, shutdown time and significance at once. Specs with new ids are added, not started. Children that
    /// are not among the specs stay as they are. After a restart the supervisor begins with what it was made with.
    /// - Parameters:
    ///   - strategy: nil leaves it as it is, as for the next three.
    ///   - intensity: the restarts so far are counted still.
    ///   - autoShutdown: as in the initializer.
    ///   - abandonedLimit: as in the initializer.
    ///   - children: new specs.
    /// - Throws: ``SupervisionError`` as the initializer does, and nothing is changed then;
    ///   ``SupervisionError/notRunning(supervisor:)``, ``SupervisionError/reentrantCall(supervisor:)``.
    ///   `CancellationError` when the caller was cancelled meanwhile.
    public func reconfigure(
        strategy: Strategy? = nil, intensity: Intensity? = nil, autoShutdown: AutoShutdown? = nil,
        abandonedLimit: Int? = nil, children: [ChildSpec] = []
    ) async throws {
        let change = { (configuration: inout Configuration) in
            if let strategy { configuration.strategy = strategy }
            if let intensity { configuration.intensity = intensity }
            if let autoShutdown { configuration.autoShutdown = autoShutdown }
            if let abandonedLimit { configuration.abandonedLimit = abandonedLimit }
        }
        _ = try await ask(.reconfigure(change, children))
    }

    /// The spec of a child; nil when there is none of this name.
    public func spec(of id: String) -> ChildSpec? {
        if phase == .stopped { return initialChildren.first { $0.spec.id == id }?.spec }
        return keys[id].flatMap { children[$0]?.spec }
    }

    /// How many children there are, and how many of them run.
    public func childCounts() -> ChildCounts {
        var counts = ChildCounts()
        for child in children.values {
            counts.specs += 1
            if child.isActive { counts.active += 1 }
            if case .supervisor = child.spec.kind { counts.supervisors += 1 } else { counts.workers += 1 }
        }
        return counts
    }

    /// The tree below this supervisor. Never waits for a child.
    public func snapshot() async -> SupervisorSnapshot {
        let ordered = orderedChildren
        // Before the nested ones are asked, so that all of this supervisor is of one moment.
        let own = ordered.map { $0.snapshot(at: timeline.now, due: deadlines.moment(of: $0)) }
        var snapshots: [ChildSnapshot] = []
        snapshots.reserveCapacity(own.count)
        let header = (configuration, countRecentRestarts(), abandoned, abandonedStillRunning)
        for (child, make) in zip(ordered.map(\.spec), own) {
            guard case .supervisor(let nested) = child.kind, child.isolation == .task else {
                snapshots.append(make(nil))
                continue
            }
            snapshots.append(make(await nested.snapshot()))
        }
        return SupervisorSnapshot(
            id: id, strategy: header.0.strategy, intensity: header.0.intensity, autoShutdown: header.0.autoShutdown,
            recentRestarts: header.1, abandoned: header.2, abandonedStillRunning: header.3, children: snapshots)
    }

    /// In the order of their start.
    var orderedChildren: [Child] { children.keys.sorted().compactMap { children[$0] } }

    func makeContext() -> ChildContext { ChildContext(under: self, on: timeline, parent: parentContext) }

    func makeChild(_ template: Child.Template, start: ChildSpec.Start? = nil) -> Child {
        lastKey += 1
        return Child(key: lastKey, template, start: start, context: makeContext())
    }
}

// MARK: - The supervisor's own life

extension Supervisor {
    /// Starts the children one after the other. When it returned, ``supervise()`` must follow.
    ///
    /// - Throws: `CancellationError` when the task was cancelled meanwhile, else ``SupervisionError``. No child is left
    ///   running then.
    func start(
        under parents: [String], reportingTo parentEventHandler: @escaping @Sendable (SupervisorEvent) -> Void
    ) async throws {
        guard phase == .stopped else { throw SupervisionError.alreadyRunning(supervisor: id) }
        phase = .starting
        generation += 1
        verdict = nil
        path = parents + [id]
        parentContext = ChildContext.current
        emit = ownEventHandler ?? parentEventHandler
        configuration = initialConfiguration
        recentRestarts = RingBuffer(capacity: .max)
        children = [:]
        keys = [:]
        for template in initialChildren { add(makeChild(template)) }

        await withVerdictOnCancellation {
            await startInitialChildren()
        }
        switch verdict {
        case .stop:
            await finish()
            throw CancellationError()
        case .fail(let error):
            await finish()
            throw error
        case .autoShutdown, nil:
            phase = .running
        }
    }

    /// Does what comes until the verdict, stops the children, and throws when the verdict is a failure.
    func supervise() async throws {
        await withVerdictOnCancellation {
            while verdict == nil {
                await wait { self.verdict != nil || self.inbox.count > 0 }
                if verdict == nil, let message = inbox.popFirst() { await handle(message) }
            }
        }
        await finish()
        if case .fail(let error) = verdict { throw error }
    }

    private func finish() async {
        phase = .stopping
        refuseCallers()
        inbox = RingBuffer(capacity: .max)
        await stopAll(orderedChildren)
        alarm?.wakeUp.cancel()
        alarm = nil
        phase = .stopped
    }

    private func withVerdictOnCancellation(_ operation: () async -> Void) async {
        await withTaskCancellationHandler(operation: operation) { [generation] in
            // The handler is synchronous and runs anywhere: only a task of its own can enter the actor.
            Task { await self.cancelled(generation) }
        }
    }

    private func cancelled(_ generation: Int) {
        if generation == self.generation { conclude(.stop) }
    }

    /// The first verdict stands.
    func conclude(_ verdict: Verdict) {
        guard self.verdict == nil else { return }
        self.verdict = verdict
        // At once, not when the children are stopped: a caller may be one of them.
        refuseCallers()
        changed()
    }

    /// Waits until the condition holds. Only the one task that runs the supervisor waits.
    func wait(until condition: @escaping () -> Bool) async {
        if condition() { return }
        await withCheckedContinuation { waiter = (condition, $0) }
    }

    /// Wakes the waiting task when what it waits for has come; called after every change it may wait for.
    func changed() {
        guard let waiter, waiter.condition() else { return }
        self.waiter = nil
        waiter.continuation.resume()
    }

    /// Leaves a message to the supervisor's own task.
    func post(_ message: Message) {
        inbox.append(message)
        changed()
    }

    /// Asks the supervisor's own task for a change and waits for the answer.
    func ask(_ request: Request) async throws -> Int? {
        if let context = ChildContext.current, context.isAwaited(by: self) {
            throw SupervisionError.reentrantCall(supervisor: id)
        }
        guard phase == .starting || phase == .running, verdict == nil else {
            throw SupervisionError.notRunning(supervisor: id)
        }
        lastCaller += 1
        let caller = lastCaller
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                callers[caller] = continuation
                post(.request(request, caller: caller))
            }
        } onCancel: {
            // As above. It finds the caller: this actor is not left before the caller is noted.
            Task { await self.answer(caller, .failure(CancellationError())) }
        }
    }

    private func answer(_ caller: Int, _ result: Result<Int?, any Error>) {
        callers.removeValue(forKey: caller)?.resume(with: result)
    }

    private func refuseCallers() {
        let refused = callers.values
        callers = [:]
        for caller in refused { caller.resume(throwing: SupervisionError.notRunning(supervisor: id)) }
    }

    private func handle(_ message: Message) async {
        switch message {
        case .exit(let child, let incarnation):
            // A sibling's restart may have been this child's as well.
            guard child.incarnation == incarnation, child.hasExited else { return }
            await restartGroup(of: child)
        case .resume(let child, let incarnation):
            guard child.incarnation == incarnation, child.isWaiting else { return }
            child.state = .down
            await resumeSuspended()
        case .request(let request, let caller):
            // The caller may have given up meanwhile.
            guard callers[caller] != nil else { return }
            do {
                answer(caller, .success(try await perform(request)))
            } catch {
                answer(caller, .failure(error))
            }
        }
    }
}
