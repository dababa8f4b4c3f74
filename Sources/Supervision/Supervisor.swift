/// Starts its children in order, restarts those that fail, and stops them in reverse order.
///
/// A supervisor ends in two ways. When its task is cancelled it stops its children and returns. When its children fail
/// more often than its ``Intensity`` allows it stops those that are left and throws, so that whoever runs it, a parent
/// supervisor or the process, decides.
///
/// It catches what children throw. A trap (an index out of range, an overflow, a forced nil) ends the whole process and
/// is none of its business.
public actor Supervisor {
    /// The name of the supervisor, and its id as a child.
    public nonisolated let id: String

    private let strategy: Strategy
    private let intensity: Intensity
    private let timeline: Timeline
    private let ownEventHandler: (@Sendable (SupervisorEvent) -> Void)?

    private let children: [Child]
    private var phase = Phase.stopped
    /// Tells the runs of this supervisor apart, for cancellations that arrive after the run they meant.
    private var generation = 0
    private var verdict: Verdict?
    private var waiter: (condition: () -> Bool, continuation: CheckedContinuation<Void, Never>)?
    /// When the restarts within the current intensity period happened, oldest first.
    private var recentRestarts: [Duration] = []
    private var abandoned = 0
    private var path: [String]
    private var emit: @Sendable (SupervisorEvent) -> Void = { _ in }

    /// - Parameters:
    ///   - id: the name of the supervisor.
    ///   - strategy: which children are restarted when one fails.
    ///   - intensity: how many restarts within a period are bad luck; one more is the supervisor's own failure.
    ///   - children: in the order of their start.
    ///   - clock: the clock of the intensity, the back-offs and the shutdown times.
    ///   - onEvent: told what happens, in order; it must not block. nil: a nested supervisor's events go where its
    ///     parent's go.
    /// - Throws: ``SupervisionError/duplicateChild(id:supervisor:)``.
    public init(
        _ id: String, strategy: Strategy = .oneForOne, intensity: Intensity = Intensity(), children: [ChildSpec],
        clock: any Clock<Duration> = ContinuousClock(), onEvent: (@Sendable (SupervisorEvent) -> Void)? = nil
    ) throws(SupervisionError) {
        var ids: Set<String> = []
        for child in children where !ids.insert(child.id).inserted {
            throw SupervisionError.duplicateChild(id: child.id, supervisor: id)
        }
        self.id = id
        self.strategy = strategy
        self.intensity = intensity
        self.children = children.map(Child.init)
        timeline = Timeline(clock)
        ownEventHandler = onEvent
        path = [id]
    }

    /// This supervisor as a child of another: it has started when all its children have, and stops as long as they need.
    ///
    /// After a restart it begins anew with the children it was made with.
    public nonisolated func childSpec(restart: Restart = .permanent, backoff: Backoff? = nil) -> ChildSpec {
        ChildSpec(self, restart: restart, backoff: backoff)
    }

    /// Starts the children, supervises them until the task is cancelled, stops them, and returns.
    ///
    /// - Throws: ``SupervisionError`` when a child's first start failed, when the intensity was exceeded (in both cases
    ///   after the other children were stopped), or when the supervisor runs already.
    public func run() async throws {
        do {
            try await start(under: [], reportingTo: { _ in })
        } catch is CancellationError {
            return
        }
        try await supervise()
    }
}

// MARK: - The supervisor's own life

extension Supervisor {
    private enum Phase {
        case stopped, starting, running, stopping
    }

    private enum Verdict {
        case stop
        case fail(SupervisionError)
    }

    /// Starts the children one after the other. When it returned, ``supervise()`` must follow.
    ///
    /// - Throws: `CancellationError` when the task was cancelled meanwhile, else ``SupervisionError``. No child is left
    ///   running then.
    private func start(
        under parents: [String], reportingTo parentEventHandler: @escaping @Sendable (SupervisorEvent) -> Void
    ) async throws {
        guard phase == .stopped else { throw SupervisionError.alreadyRunning(supervisor: id) }
        phase = .starting
        generation += 1
        verdict = nil
        recentRestarts = []
        path = parents + [id]
        emit = ownEventHandler ?? parentEventHandler
        for child in children { child.prepareForRun() }

        await withVerdictOnCancellation {
            for index in children.indices where verdict == nil {
                launch(index)
                await wait { [child = children[index]] in self.verdict != nil || child.state != .starting }
            }
        }
        if let verdict {
            await stopChildren()
            switch verdict {
            case .stop: throw CancellationError()
            case .fail(let error): throw error
            }
        }
        phase = .running
    }

    /// Waits for the verdict, stops the children, and throws when the verdict is a failure.
    private func supervise() async throws {
        await withVerdictOnCancellation {
            await wait { self.verdict != nil }
        }
        await stopChildren()
        if case .fail(let error) = verdict { throw error }
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
    private func conclude(_ verdict: Verdict) {
        guard self.verdict == nil else { return }
        self.verdict = verdict
        changed()
    }

    /// Waits until the condition holds. Only the one task that runs the supervisor waits.
    private func wait(until condition: @escaping () -> Bool) async {
        if condition() { return }
        await withCheckedContinuation { waiter = (condition, $0) }
    }

    /// Wakes the waiting task when what it waits for has come; called after every change it may wait for.
    private func changed() {
        guard let waiter, waiter.condition() else { return }
        self.waiter = nil
        waiter.continuation.resume()
    }
}

// MARK: - The children's lives

extension Supervisor {
    private final class Child {
        enum State {
            /// Not begun, ended for good, or stopped.
            case down
            case starting
            case running
            /// Failed, its restart is a matter of time.
            case waiting
        }

        let spec: ChildSpec
        var state = State.down
        /// Runs the child; while it waits, its delay.
        var task: Task<Void, Never>?
        /// Tells the child's tasks apart: what comes from an earlier one is stale.
        var incarnation = 0
        var starts = 0
        var startedAt = Duration.zero
        var delay: Duration?
        /// Its shutdown time is over.
        var isOverdue = false

        init(_ spec: ChildSpec) {
            self.spec = spec
        }

        func prepareForRun() {
            starts = 0
            delay = nil
            isOverdue = false
        }
    }

    private func launch(_ index: Int) {
        let child = children[index]
        child.incarnation += 1
        child.state = .starting
        // Detached: neither the isolation of this actor nor the task-locals of the task that failed before are its.
        child.task = Task.detached { [kind = child.spec.kind, incarnation = child.incarnation, path, emit] in
            do {
                switch kind {
                case .worker(let start):
                    let body = try await start()
                    guard await self.started(index, incarnation) else { return }
                    try await body()
                case .supervisor(let supervisor):
                    try await supervisor.start(under: path, reportingTo: emit)
                    _ = await self.started(index, incarnation)
                    try await supervisor.supervise()
                }
                await self.ended(index, incarnation, nil)
            } catch {
                await self.ended(index, incarnation, error)
            }
        }
    }

    /// False when the child was abandoned while it started.
    private func started(_ index: Int, _ incarnation: Int) -> Bool {
        let child = children[index]
        guard child.incarnation == incarnation else { return false }
        child.state = .running
        child.startedAt = timeline.now
        report(child, .started(restarts: child.starts))
        child.starts += 1
        changed()
        return true
    }

    private func ended(_ index: Int, _ incarnation: Int, _ error: (any Error)?) {
        let child = children[index]
        guard child.incarnation == incarnation else { return }
        let ran = child.state == .running ? timeline.now - child.startedAt : .zero
        child.state = .down
        child.task = nil
        defer { changed() }

        if phase == .stopping || verdict != nil {
            // A child that was told to stop may well end by CancellationError; any other error is news.
            if let error, !(error is CancellationError) {
                report(child, .failed(error))
            } else {
                report(child, .stopped)
            }
            return
        }
        report(child, error.map { .failed($0) } ?? .finished)
        if let error, child.starts == 0, child.spec.backoff == nil {
            // As in OTP: a child that cannot even start once is a mistake to be seen at once, not bad luck.
            report(child, .gaveUp)
            conclude(.fail(.startFailed(path: path + [child.spec.id], underlying: error)))
            return
        }
        switch child.spec.restart {
        case .permanent: restart(index, ran, error)
        case .transient: if error != nil { restart(index, ran, error) }
        case .temporary: break
        }
    }

    private func restart(_ index: Int, _ ran: Duration, _ error: (any Error)?) {
        switch strategy {
        case .oneForOne: break
        }
        let child = children[index]
        if let backoff = child.spec.backoff {
            if ran >= backoff.resetAfter { child.delay = nil }
            let delay = backoff.next(after: child.delay)
            child.delay = delay
            launch(index, after: backoff.jittered(delay, by: Double.random(in: 0..<1)))
        } else if isWithinIntensity() {
            launch(index)
        } else {
            report(child, .gaveUp)
            let path = path + [child.spec.id]
            conclude(.fail(.intensityExceeded(path: path, intensity: intensity, underlying: error)))
        }
    }

    private func launch(_ index: Int, after delay: Duration) {
        let child = children[index]
        let due = timeline.now + delay
        child.state = .waiting
        report(child, .restarting(in: delay))
        child.task = Task.detached { [timeline, incarnation = child.incarnation] in
            // Cancelled: the supervisor stops and no longer wants the child.
            guard (try? await timeline.sleep(until: due)) != nil else { return }
            await self.delayIsOver(index, incarnation)
        }
    }

    private func delayIsOver(_ index: Int, _ incarnation: Int) {
        let child = children[index]
        guard child.incarnation == incarnation, child.state == .waiting, verdict == nil else { return }
        launch(index)
    }

    /// Notes a restart and answers whether it is still one of the tolerated ones.
    private func isWithinIntensity() -> Bool {
        let now = timeline.now
        recentRestarts.removeAll { now - $0 >= intensity.period }
        guard recentRestarts.count < intensity.restarts else { return false }
        recentRestarts.append(now)
        return true
    }

    private func stopChildren() async {
        phase = .stopping
        for index in children.indices.reversed() { await stop(index) }
        phase = .stopped
    }

    private func stop(_ index: Int) async {
        let child = children[index]
        switch child.state {
        case .down:
            return
        case .waiting:
            child.task?.cancel()
            child.task = nil
            child.state = .down
        case .starting, .running:
            child.task?.cancel()
            let timer = shutdownTimer(index)
            await wait { child.state == .down || child.isOverdue }
            timer?.cancel()
            if child.state != .down { abandon(child) }
        }
    }

    private func shutdownTimer(_ index: Int) -> Task<Void, Never>? {
        guard case .within(let limit) = children[index].spec.shutdown else { return nil }
        return Task.detached { [timeline, due = timeline.now + limit, incarnation = children[index].incarnation] in
            guard (try? await timeline.sleep(until: due)) != nil else { return }
            await self.shutdownTimeIsOver(index, incarnation)
        }
    }

    private func shutdownTimeIsOver(_ index: Int, _ incarnation: Int) {
        let child = children[index]
        guard child.incarnation == incarnation else { return }
        child.isOverdue = true
        changed()
    }

    private func abandon(_ child: Child) {
        child.incarnation += 1
        child.state = .down
        child.task = nil
        abandoned += 1
        report(child, .abandoned(total: abandoned))
    }

    private func report(_ child: Child, _ kind: SupervisorEvent.Kind) {
        emit(SupervisorEvent(path: path + [child.spec.id], kind: kind))
    }
}
