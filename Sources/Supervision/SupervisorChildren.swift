// MARK: - Sequences, run by the supervisor's own task one after the other

extension Supervisor {
    enum StartOutcome {
        case running
        case ignored
        case failed(any Error)
        /// The supervisor ends.
        case interrupted
    }

    func add(_ child: Child) {
        children[child.key] = child
        if !isDynamic { keys[child.id] = child.key }
    }

    func remove(_ child: Child) {
        deadlines.clear(child)
        children[child.key] = nil
        if !isDynamic { keys[child.id] = nil }
    }

    func startInitialChildren() async {
        for child in orderedChildren where verdict == nil {
            switch await startAwaited(child) {
            case .running, .interrupted:
                break
            case .ignored:
                if child.spec.restart == .temporary { remove(child) }
            case .failed(let error):
                if let delay = nextDelay(of: child, ran: .zero) {
                    postpone(child, by: delay)
                } else {
                    // As in OTP: a child that cannot even start once is a mistake to be seen at once, not bad luck.
                    report(child, .gaveUp)
                    conclude(.fail(.startFailed(path: path + [child.id], underlying: error)))
                }
            }
        }
    }

    /// Starts a child and waits until it has started, or has not.
    func startAwaited(_ child: Child) async -> StartOutcome {
        child.startOutcome = nil
        child.isAwaited = true
        launch(child)
        await waitForStart(child)
        child.isAwaited = false
        return child.startOutcome ?? .interrupted
    }

    private func waitForStart(_ child: Child) async {
        await wait { self.verdict != nil || !child.isAwaited }
    }

    /// Restarts a failed child and those of its siblings that its failure concerns, after its back-off if it has one.
    func restartGroup(of child: Child) async {
        let delay = nextDelay(of: child, ran: child.ran)
        guard delay != nil || isWithinIntensity(at: timeline.now) else { return giveUp(child) }
        // The child itself needs no stop, which would be a temporary one's end: it waits for its back-off when it could
        // not start.
        child.state = .down
        await stopAll(group(of: child).filter { $0 !== child })
        guard verdict == nil else { return }
        for member in group(of: child) { member.isSuspended = true }
        if let delay { postpone(child, by: delay) } else { await resumeSuspended() }
    }

    /// Starts those who were stopped because of a failed sibling, itself among them, up to the first that fails to start.
    ///
    /// That one is the next failed child, and one restart more. As in OTP it waits for its turn: a loop of starts that
    /// fail must not keep those waiting who call to end it.
    func resumeSuspended() async {
        for child in orderedChildren where verdict == nil && child.isSuspended && child.isDown {
            switch await startAwaited(child) {
            case .running, .interrupted: break
            case .ignored: if child.spec.restart == .temporary { remove(child) }
            case .failed:
                child.state = .exited
                return post(.exit(child, incarnation: child.incarnation))
            }
        }
    }

    /// The children that the failure of one concerns, itself among them, in order.
    private func group(of child: Child) -> [Child] {
        switch configuration.strategy {
        // Asked for only when the strategy was changed while the child's failure waited for its turn.
        case .oneForOne: [child]
        case .oneForAll: orderedChildren
        case .restForOne: orderedChildren.filter { $0.key >= child.key }
        }
    }

    /// Stops children in reverse order, one after the other; those of a dynamic supervisor all at the same time.
    func stopAll(_ group: [Child]) async {
        if isDynamic {
            for child in group { beginStop(child) }
            await wait { self.endingCount == 0 }
            for child in group { endStop(child) }
        } else {
            for child in group.reversed() { await stop(child) }
        }
    }

    /// Stops a child and waits until it has ended or was abandoned.
    func stop(_ child: Child) async {
        beginStop(child)
        await wait { !child.isEnding }
        endStop(child)
    }

    private func beginStop(_ child: Child) {
        child.isSuspended = false
        switch child.state {
        case .down:
            break
        case .waiting, .exited:
            deadlines.clear(child)
            child.state = .down
        case .starting, .running:
            end(child, .stop)
        case .ending:
            child.state = .ending(.stop)
        }
    }

    private func endStop(_ child: Child) {
        if isDynamic || child.spec.restart == .temporary { remove(child) }
    }
}

// MARK: - One child's life

extension Supervisor {
    private enum StartAnswer {
        case run
        /// Cancelled meanwhile: it ends before it ran.
        case end
    }

    /// Starts a child in a task of its own.
    func launch(_ child: Child) {
        let incarnation = begin(child, at: timeline.now)
        child.launchedTemplate = child.template
        child.cell = newCell(for: child.id, child.spec)
        child.task = spawn(child.key, incarnation, child.work, child.context)
    }

    /// Nil for a child in this process.
    private func newCell(for id: String, _ spec: ChildSpec) -> Cell? {
        guard let options = spec.isolation.options else { return nil }
        return Cell(path: path + [id], options: options, outlets: spec.allOutlets, emit: emit)
    }

    /// A task with the context bound, but for that with nothing of whoever asked for it: not isolated to this actor, and
    /// of the default priority.
    ///
    /// The task inherits the binding, and its closure stands here and not with the callers, for the sake of memory:
    /// otherwise the frames of a parked child would need a second slab, one kilobyte, of the task's allocator.
    private nonisolated func spawn(
        _ key: Int, _ incarnation: Int, _ work: ChildSpec.Kind, _ context: ChildContext
    ) -> Task<Void, Never> {
        ChildContext.$current.withValue(context) {
            switch work {
            case .worker(let start):
                Task(priority: .medium) { await self.live(key, incarnation, start) }
            case .supervisor(let supervisor):
                Task(priority: .medium) { await self.live(key, incarnation, supervisor) }
            }
        }
    }

    /// Begins a new life of a child. Returns its incarnation.
    private func begin(_ child: Child, at now: Duration) -> Int {
        child.incarnation += 1
        child.state = .starting
        child.isSuspended = false
        child.context.isStarting = true
        setDeadline(of: child, at: child.spec.startDeadline.map { now + $0 })
        return child.incarnation
    }

    /// The lives of a child: as long as it is restarted at once, in one task.
    private nonisolated func live(_ key: Int, _ first: Int, _ start: ChildSpec.Start) async {
        var next: Int? = first
        while let incarnation = next {
            do {
                if let body = try await start() {
                    guard await started(key, incarnation) == .run else { throw CancellationError() }
                    try await body()
                    next = await ended(key, incarnation, nil)
                } else {
                    await ignored(key, incarnation)
                    next = nil
                }
            } catch {
                next = await ended(key, incarnation, error)
            }
        }
    }

    private nonisolated func live(_ key: Int, _ first: Int, _ supervisor: Supervisor) async {
        var next: Int? = first
        while let incarnation = next {
            do {
                try await supervisor.start(under: path, reportingTo: emit)
                // Whatever the answer, the children run now and must be stopped by their supervisor.
                _ = await started(key, incarnation)
                try await supervisor.supervise()
                next = await ended(key, incarnation, nil)
            } catch {
                next = await ended(key, incarnation, error)
            }
        }
    }

    private func started(_ key: Int, _ incarnation: Int) -> StartAnswer {
        guard let child = children[key], child.incarnation == incarnation, child.isStarting else {
            // A cell's process ends only with the body, which notices at once that it was cancelled.
            return children[key]?.cell == nil ? .end : .run
        }
        let now = timeline.now
        child.state = .running
        child.startedAt = now
        child.context.isStarting = false
        if let liveness = child.launchedSpec.liveness {
            child.context.checkIn()
            setDeadline(of: child, at: now + liveness)
        } else {
            deadlines.clear(child)
        }
        report(child, .started(restarts: child.starts))
        child.starts += 1
        decide(child, .running)
        return .run
    }

    private func ignored(_ key: Int, _ incarnation: Int) {
        guard let child = children[key], child.incarnation == incarnation, child.isStarting else {
            _ = ended(key, incarnation, nil)
            return
        }
        child.state = .down
        child.task = nil
        child.context.isStarting = false
        deadlines.clear(child)
        report(child, .ignored)
        if !child.isAwaited, isDynamic { remove(child) }
        decide(child, .ignored)
    }

    /// Tells the sequence that waits for the child's start how it went.
    private func decide(_ child: Child, _ outcome: StartOutcome) {
        guard child.isAwaited else { return }
        child.isAwaited = false
        child.startOutcome = outcome
        changed()
    }

    /// - Returns: the child's next incarnation when its task is to begin anew at once.
    private func ended(_ key: Int, _ incarnation: Int, _ error: (any Error)?) -> Int? {
        guard let child = children[key], child.incarnation == incarnation else {
            // Only an abandoned child ends after its incarnation.
            abandonedStillRunning -= 1
            return nil
        }
        deadlines.clear(child)
        switch child.state {
        case .starting, .running:
            let now = timeline.now
            child.ran = child.isRunning ? now - child.startedAt : .zero
            if let error { child.lastError = error }
            report(child, error.map { .failed($0) } ?? .finished)
            if verdict != nil {
                child.context.isStarting = false
                child.state = .down
            } else if isToBeRestarted(child, error) {
                if child.isAsLaunched { return begin(child, at: now) }
                launch(child)
                return nil
            }
            child.task = nil
        case .ending(let cause):
            endingCount -= 1
            child.task = nil
            // A child that was told to stop may well end by CancellationError; any other error is news.
            if let error, !(error is CancellationError) {
                child.lastError = error
                report(child, .failed(error))
            } else {
                report(child, .stopped)
            }
            concludeEnd(of: child, cause)
        case .down, .waiting, .exited:
            break
        }
        changed()
        return nil
    }

    /// What follows when a cancelled child has ended, or is no longer waited for.
    private func concludeEnd(of child: Child, _ cause: Child.Cause) {
        child.context.isStarting = false
        guard case .failure(let reason) = cause, verdict == nil else {
            child.state = .down
            return
        }
        child.state = child.endedInStart ? .starting : .running
        child.lastError = reason
        // Its task is cancelled: the next life needs another.
        if isToBeRestarted(child, reason) { launch(child) }
    }

    /// Decides what follows the end of a child that nobody asked to end. Whether the child is to begin anew at once.
    private func isToBeRestarted(_ child: Child, _ error: (any Error)?) -> Bool {
        let hasStarted = child.isRunning
        child.context.isStarting = false
        child.state = .down
        if child.isAwaited {
            decide(child, .failed(error ?? CancellationError()))
            return false
        }
        // A restart that fails is tried again, whatever the child's type.
        guard !hasStarted || child.spec.restart.follows(error) else {
            if isDynamic || child.spec.restart == .temporary { remove(child) }
            if child.spec.isSignificant, child.spec.restart == .temporary || !Restart.isFailure(error) {
                significantChildEnded()
            }
            return false
        }
        guard isDynamic || configuration.strategy == .oneForOne else {
            child.state = .exited
            post(.exit(child, incarnation: child.incarnation))
            return false
        }
        if let delay = nextDelay(of: child, ran: child.ran) {
            postpone(child, by: delay)
            return false
        }
        guard isWithinIntensity(at: timeline.now) else {
            giveUp(child)
            return false
        }
        return true
    }

    private func significantChildEnded() {
        switch configuration.autoShutdown {
        case .never:
            break
        case .anySignificant:
            conclude(.autoShutdown)
        case .allSignificant:
            let others = children.values.contains { $0.spec.isSignificant && ($0.isActive || $0.isRestarting) }
            if !others { conclude(.autoShutdown) }
        }
    }

    private func giveUp(_ child: Child) {
        child.state = .down
        report(child, .gaveUp)
        conclude(
            .fail(
                .intensityExceeded(
                    path: path + [child.id], intensity: configuration.intensity, underlying: child.lastError)))
    }

    /// Notes a restart and answers whether it is still one of the tolerated ones.
    private func isWithinIntensity(at now: Duration) -> Bool {
        forgetRestarts(at: now)
        guard recentRestarts.count < configuration.intensity.restarts else { return false }
        recentRestarts.append(now)
        return true
    }

    private func forgetRestarts(at now: Duration) {
        while let oldest = recentRestarts.first, now - oldest >= configuration.intensity.period {
            _ = recentRestarts.popFirst()
        }
    }

    /// Forgets nothing: a longer period may be set yet.
    func countRecentRestarts() -> Int {
        let now = timeline.now
        return recentRestarts.count { now - $0 < configuration.intensity.period }
    }

    /// The child's next back-off without chance's share; nil without one.
    private func nextDelay(of child: Child, ran: Duration) -> Duration? {
        guard let backoff = child.spec.backoff else { return nil }
        if ran >= backoff.resetAfter { child.delay = nil }
        let delay = backoff.next(after: child.delay)
        child.delay = delay
        return backoff.jittered(delay, by: Double.random(in: 0..<1))
    }

    private func postpone(_ child: Child, by delay: Duration) {
        child.state = .waiting
        // Before the report: who moves a clock when told so finds the deadline set.
        setDeadline(of: child, at: timeline.now + delay)
        report(child, .restarting(in: delay))
    }

    func report(_ child: Child, _ kind: SupervisorEvent.Kind) {
        emit(SupervisorEvent(supervisors: path, id: child.id, kind: kind))
    }
}

// MARK: - Deadlines

extension Supervisor {
    private func setDeadline(of child: Child, at moment: Duration?) {
        guard let moment else { return deadlines.clear(child) }
        deadlines.set(child, at: moment)
        arm()
    }

    /// Sees to it that the earliest deadline is noticed. An alarm that rings too early costs less than moving it.
    private func arm() {
        guard let first = deadlines.first else { return }
        if let alarm, alarm.moment <= first { return }
        alarm?.wakeUp.cancel()
        let wakeUp = timeline.wake(at: first) { [weak self] in
            guard let self else { return }
            Task { await self.alarmRang(first) }
        }
        alarm = (first, wakeUp)
    }

    private func alarmRang(_ moment: Duration) {
        // A cancelled one may ring still.
        guard alarm?.moment == moment else { return }
        alarm = nil
        let now = timeline.now
        while let child = deadlines.popDue(at: now) { deadlinePassed(child, now) }
        arm()
    }

    private func deadlinePassed(_ child: Child, _ now: Duration) {
        switch child.state {
        case .starting:
            guard let deadline = child.launchedSpec.startDeadline else { return }
            fail(child, .startDeadlineExceeded(path: path + [child.id], deadline: deadline))
        case .running:
            guard let liveness = child.launchedSpec.liveness else { return }
            let next = child.context.lastCheckIn + liveness
            if next > now {
                deadlines.set(child, at: next)
            } else {
                fail(child, .livenessMissed(path: path + [child.id], deadline: liveness))
            }
        case .waiting:
            if child.isSuspended {
                post(.resume(child, incarnation: child.incarnation))
            } else {
                launch(child)
            }
        case .ending(let cause):
            if child.cell?.isKilled ?? true { abandon(child, cause) } else { kill(child, .shutdownTimeOver) }
        case .down, .exited:
            break
        }
    }

    private func fail(_ child: Child, _ error: SupervisionError) {
        report(child, .failed(error))
        end(child, .failure(error))
    }

    /// Cancels a child's task. It ends soon, or is abandoned when its shutdown time is over.
    private func end(_ child: Child, _ cause: Child.Cause) {
        child.endedInStart = child.isStarting
        child.ran = child.isRunning ? timeline.now - child.startedAt : .zero
        child.state = .ending(cause)
        endingCount += 1
        child.task?.cancel()
        switch child.spec.shutdown {
        case .unlimited: deadlines.clear(child)
        case .within(let limit) where limit <= .zero:
            if child.cell == nil { abandon(child, cause) } else { kill(child, .notWaitedFor) }
        case .within(let limit): setDeadline(of: child, at: timeline.now + limit)
        }
    }

    /// How long a killed process may take to end. It is gone within milliseconds, unless the kernel waits for a device on
    /// its behalf, which nothing can interrupt: then the cell is abandoned as a task would be.
    private static let killTime = Duration.seconds(5)

    private func kill(_ child: Child, _ reason: CellCrash.Cause) {
        child.cell?.kill(reason)
        setDeadline(of: child, at: timeline.now + Self.killTime)
    }

    private func abandon(_ child: Child, _ cause: Child.Cause) {
        endingCount -= 1
        deadlines.clear(child)
        child.incarnation += 1
        child.task = nil
        child.state = .down
        // What the abandoned task still says of itself must not be taken for its successor's.
        child.context = makeContext()
        abandoned += 1
        abandonedStillRunning += 1
        report(child, .abandoned(total: abandoned))
        // A child that is not waited for at all has not ignored anything yet.
        if child.spec.shutdown.isWaiting, verdict == nil, abandonedStillRunning > configuration.abandonedLimit {
            report(child, .gaveUp)
            conclude(.fail(.tooManyAbandoned(path: path, limit: configuration.abandonedLimit)))
        }
        concludeEnd(of: child, cause)
        changed()
    }
}
