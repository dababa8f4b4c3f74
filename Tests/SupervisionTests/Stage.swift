import Supervision
import Testing

/// A supervisor named root, children that do as they are told, and what is said of them: on the calling thread alone, on
/// a clock that stands still.
final class Stage {
    let clock = ManualClock()
    private let simulation: Simulation
    private let log = Recorder()
    private var told = 0
    private let performers = Performers()
    private var runs: [Call<Void>] = []

    /// Whatever the body leaves running is ended after it.
    static func run(seed: UInt64 = 0, _ body: (Stage) throws -> Void) throws {
        try Simulation.run(seed: seed) { simulation in
            let stage = Stage(simulation)
            defer { stage.clear() }
            try body(stage)
        }
    }

    private init(_ simulation: Simulation) { self.simulation = simulation }

    /// The child of that name, in whatever supervisor it is.
    subscript(id: String) -> Performer { performers[id] }

    func child(
        _ id: String, restart: Restart = .permanent, shutdown: Shutdown = .within(.seconds(5)),
        backoff: Backoff? = nil, isSignificant: Bool = false, startDeadline: Duration? = .seconds(60),
        liveness: Duration? = nil
    ) -> ChildSpec {
        ChildSpec(
            id, restart: restart, shutdown: shutdown, backoff: backoff, isSignificant: isSignificant,
            startDeadline: startDeadline, liveness: liveness, start: self[id].start)
    }

    func supervisor(
        _ strategy: Strategy = .oneForOne, id: String = "root", intensity: Int = 1,
        autoShutdown: AutoShutdown = .never, abandonedLimit: Int = 4, of children: [ChildSpec]
    ) throws -> Supervisor {
        // A nested one's events go where the root's go.
        var onEvent: (@Sendable (SupervisorEvent) -> Void)?
        if id == "root" { onEvent = { [log] event in log.note(event) } }
        return try Supervisor(
            id, strategy: strategy, intensity: Intensity(restarts: intensity), autoShutdown: autoShutdown,
            abandonedLimit: abandonedLimit, children: children, clock: clock,
            onEvent: onEvent)
    }

    /// Where the events go that ``news`` tells.
    var note: @Sendable (SupervisorEvent) -> Void { log.note }

    /// A dynamic supervisor named pool, whose children are those that its arguments name.
    func pool(
        restart: Restart = .permanent, shutdown: Shutdown = .within(.seconds(5)), backoff: Backoff? = nil,
        startDeadline: Duration? = .seconds(60), maxChildren: Int? = nil, intensity: Int = 1, abandonedLimit: Int = 4
    ) throws -> DynamicSupervisor<String> {
        try DynamicSupervisor(
            "pool", restart: restart, shutdown: shutdown, backoff: backoff, startDeadline: startDeadline,
            maxChildren: maxChildren, intensity: Intensity(restarts: intensity), abandonedLimit: abandonedLimit,
            clock: clock, onEvent: log.note
        ) { [performers] name in try await performers[name].start() }
    }

    /// What was said since this was asked last, without the root's name.
    var news: [String] {
        simulation.settle()
        defer { told = log.entries.count }
        return log.entries.dropFirst(told).map { $0.hasPrefix("root/") ? String($0.dropFirst("root/".count)) : $0 }
    }

    @discardableResult
    func start(_ supervisor: Supervisor) -> [String] {
        runs.append(Call { try await supervisor.run() })
        return news
    }

    @discardableResult
    func start<Argument>(_ supervisor: DynamicSupervisor<Argument>) -> [String] {
        runs.append(Call { try await supervisor.run() })
        return news
    }

    /// What follows from something.
    func after(_ stimulus: () -> Void) -> [String] {
        stimulus()
        return news
    }

    /// What follows within some time.
    func pass(_ time: Duration) -> [String] { after { clock.advance(by: time) } }

    /// What follows when the supervisor that was started last is told to stop.
    func stop() -> [String] { after { cancel() } }

    /// Tells it so, and lets it be followed by more before anything follows from it.
    func cancel() { runs.last?.cancel() }

    /// How the supervisor that was started last has ended; nil when it has not.
    var ending: String? {
        guard let run = runs.last, run.isOver else { return nil }
        return refusal { try run.result() } ?? "returned"
    }

    /// Calls a supervisor, and waits for the answer.
    @discardableResult
    func ask<Result: Sendable>(_ call: @escaping @Sendable () async throws -> Result) throws -> Result {
        try simulation.call(call)
    }

    /// Calls a supervisor that has reasons not to answer yet.
    func call<Result: Sendable>(_ call: @escaping @Sendable () async throws -> Result) -> Call<Result> {
        let call = Call(call)
        simulation.settle()
        return call
    }

    /// Calls a supervisor and expects it to refuse.
    func refuses(
        _ refusal: String, sourceLocation: SourceLocation = #_sourceLocation,
        _ call: @escaping @Sendable () async throws -> Void
    ) {
        let answer = self.refusal { try ask(call) }
        #expect(answer == refusal, sourceLocation: sourceLocation)
    }

    /// What a supervisor answered to a call that it refused; nil when it did not.
    func refusal<Result>(of call: Call<Result>) -> String? {
        simulation.settle()
        return refusal { _ = try call.result() }
    }

    private func refusal(_ operation: () throws -> Void) -> String? {
        do {
            try operation()
            return nil
        } catch {
            return "\(error)"
        }
    }

    func add<Argument>(_ argument: Argument, to supervisor: DynamicSupervisor<Argument>) throws -> DynamicChild? {
        try ask { try await supervisor.startChild(argument) }
    }

    func counts(of supervisor: Supervisor) throws -> ChildCounts { try ask { await supervisor.childCounts() } }

    func counts<Argument>(of supervisor: DynamicSupervisor<Argument>) throws -> ChildCounts {
        try ask { await supervisor.childCounts() }
    }

    func snapshot(of supervisor: Supervisor) throws -> SupervisorSnapshot { try ask { await supervisor.snapshot() } }

    /// Each child of the tree and its state, as the snapshot shows them.
    func states(of supervisor: Supervisor) throws -> [String] {
        try snapshot(of: supervisor).children.map { "\($0.id) \($0.state)" }
    }

    /// Lets go of the supervisors that ran.
    func forget() { runs = [] }

    private func clear() {
        for run in runs { run.cancel() }
        simulation.settle()
        // Each may hang in its start, then in its body, and so may those whose turn comes after it.
        for _ in 0..<10 {
            for performer in performers.all { performer.release() }
            simulation.settle()
        }
    }
}
