/// Supervises any number of like children, started and stopped at run time, each with an argument of its own.
///
/// As OTP's `simple_one_for_one`: children fail alone, are named by number, keep no order, and are stopped all at the
/// same time. One that has ended for good is forgotten, and so is one that was stopped.
public struct DynamicSupervisor<Argument: Sendable>: Sendable {
    /// The name of the supervisor, and its id as a child.
    public var id: String { supervisor.id }

    private let supervisor: Supervisor
    private let template: Child.Template
    private let start: @Sendable (Argument) async throws -> ChildSpec.Body?

    /// - Parameters:
    ///   - id: the name of the supervisor, not empty. Its children's ids are this and a number.
    ///   - restart: when an ended child is started again.
    ///   - shutdown: how long a child may take to end once it is cancelled.
    ///   - backoff: the delays between a child's restarts; nil restarts at once.
    ///   - startDeadline: how long the start function may take, more than zero; nil for as long as it wants.
    ///   - liveness: how long a running child may be silent, more than zero; nil for ever.
    ///   - maxChildren: the most children, those that are being restarted included; nil for any number.
    ///   - intensity: how many restarts within a period, of all children together, are bad luck.
    ///   - abandonedLimit: how many children that ignore their cancellation may go on running, 0 or more.
    ///   - clock: the clock of the intensity, the back-offs and all deadlines.
    ///   - onEvent: told what happens, in order; it must not block. nil: the events go where the parent's go.
    ///   - start: the start function, see ``ChildSpec/Start``, called with the child's argument for every restart too.
    /// - Throws: ``SupervisionError/invalidSpec(id:supervisor:reason:)``,
    ///   ``SupervisionError/invalidConfiguration(supervisor:reason:)``.
    public init(
        _ id: String, restart: Restart = .permanent, shutdown: Shutdown = .within(.seconds(5)),
        backoff: Backoff? = nil, startDeadline: Duration? = .seconds(60), liveness: Duration? = nil,
        maxChildren: Int? = nil, intensity: Intensity = Intensity(), abandonedLimit: Int = 4,
        clock: any Clock<Duration> = ContinuousClock(), onEvent: (@Sendable (SupervisorEvent) -> Void)? = nil,
        start: @escaping @Sendable (Argument) async throws -> ChildSpec.Body?
    ) throws(SupervisionError) {
        let spec = ChildSpec(
            id, restart: restart, shutdown: shutdown, backoff: backoff, startDeadline: startDeadline,
            liveness: liveness, start: { nil })
        let configuration = Supervisor.Configuration(
            strategy: .oneForOne, intensity: intensity, autoShutdown: .never, abandonedLimit: abandonedLimit,
            childLimit: maxChildren ?? .max)
        supervisor = try Supervisor(dynamic: id, configuration, template: spec, clock: clock, onEvent: onEvent)
        template = Child.Template(spec)
        self.start = start
    }

    /// This supervisor as a child of another. After a restart it has no children.
    public func childSpec(
        restart: Restart = .permanent, backoff: Backoff? = nil, isSignificant: Bool = false
    ) -> ChildSpec {
        supervisor.childSpec(restart: restart, backoff: backoff, isSignificant: isSignificant)
    }

    /// Supervises children until the task is cancelled, stops them, and returns; see ``Supervisor/run()``.
    public func run() async throws {
        try await supervisor.run()
    }

    /// Starts a child; returns when it has started.
    ///
    /// - Returns: nil when the start function returned nothing to run; the child is not kept then.
    /// - Throws: ``SupervisionError/startFailed(path:underlying:)`` when the start function threw or took too long,
    ///   ``SupervisionError/tooManyChildren(supervisor:maximum:)``, ``SupervisionError/notRunning(supervisor:)``,
    ///   ``SupervisionError/reentrantCall(supervisor:)``. `CancellationError` when the caller was cancelled meanwhile.
    @discardableResult
    public func startChild(_ argument: Argument) async throws -> DynamicChild? {
        let key = try await supervisor.startDynamicChild(template) { [start] in try await start(argument) }
        return key.map { DynamicChild(key: $0, supervisor: id) }
    }

    /// Stops a child; returns when it has ended, or was abandoned. It is forgotten then.
    ///
    /// - Throws: ``SupervisionError/unknownChild(id:supervisor:)``, also when it has ended for good before;
    ///   ``SupervisionError/notRunning(supervisor:)``, ``SupervisionError/reentrantCall(supervisor:)``.
    ///   `CancellationError` when the caller was cancelled meanwhile, also by being stopped itself.
    public func stopChild(_ child: DynamicChild) async throws {
        guard child.supervisor == id else {
            throw SupervisionError.unknownChild(id: child.description, supervisor: id)
        }
        _ = try await supervisor.ask(.stop(key: child.key))
    }

    /// How many children there are, and how many of them run.
    public func childCounts() async -> ChildCounts {
        await supervisor.childCounts()
    }

    /// The children at this moment. Never waits for one.
    public func snapshot() async -> SupervisorSnapshot {
        await supervisor.snapshot()
    }
}

extension Supervisor {
    fileprivate func startDynamicChild(_ template: Child.Template, _ start: @escaping ChildSpec.Start) async throws
        -> Int?
    {
        try await ask(.start(template, start))
    }
}
