import Synchronization
import Testing

@testable import Supervision

/// The real supervisors of a scenario, with performers as their workers, driven by the same stimuli as the model.
final class ModelSubject {
    private enum Node {
        case supervisor(Supervisor)
        case pool(DynamicSupervisor<Int>)
    }

    private let simulation: Simulation
    private let clock = ManualClock()
    private let log = Recorder()
    private let performers = Performers()
    private var nodes: [Model.Path: Node] = [:]
    private var calls: [Int: Call<Void>] = [:]
    private var root: Call<Void>

    init(_ tree: ModelTree, _ simulation: Simulation) throws {
        self.simulation = simulation
        root = Call {}
        simulation.settle()
        _ = try make(Model.root, tree)
    }

    // MARK: What it did

    var events: [String] { log.entries }

    var answers: [Int: String] {
        calls.compactMapValues { call in call.isOver ? Self.name { try call.result() } ?? "ok" : nil }
    }

    var result: String? { root.isOver ? Self.name { try self.root.result() } ?? "returned" : nil }

    var running: [Model.Path] { performers.running }

    var openCalls: Int { calls.values.count { !$0.isOver } }

    func snapshot() throws -> String {
        guard case .supervisor(let supervisor) = nodes[Model.root] else { return "" }
        return Self.text(try simulation.call { await supervisor.snapshot() }, Model.root)
    }

    private static func text(_ snapshot: SupervisorSnapshot, _ path: Model.Path) -> String {
        var lines = [
            "\(path): \(snapshot.recentRestarts) restarts, \(snapshot.abandoned) abandoned, "
                + "\(snapshot.abandonedStillRunning) of them run"
        ]
        for child in snapshot.children {
            let error = child.lastError.map(name) ?? "no error"
            lines.append("\(path)/\(child.id): \(child.state), \(child.restarts) restarts, \(error)")
            if let nested = child.supervisor { lines.append(text(nested, "\(path)/\(child.id)")) }
        }
        return lines.joined(separator: "\n")
    }

    private static func name(_ operation: () throws -> Void) -> String? {
        do {
            try operation()
            return nil
        } catch {
            return name(error)
        }
    }

    private static func name(_ error: any Error) -> String {
        switch error {
        case is CancellationError: "cancelled"
        // The name of the case: all have associated values.
        case is SupervisionError: Mirror(reflecting: error).children.first?.label ?? "\(error)"
        default: "\(error)"
        }
    }

    // MARK: Stimuli

    func run() {
        guard case .supervisor(let supervisor) = nodes[Model.root] else { return }
        root = Call { try await supervisor.run() }
        simulation.settle()
    }

    func cancelRoot() { after { root.cancel() } }

    func advance(by milliseconds: Int) { after { clock.advance(by: .milliseconds(milliseconds)) } }

    func performer(_ path: Model.Path, _ change: (Performer) -> Void) { after { change(performers[path]) } }

    func releaseAll() { after { for performer in performers.all { performer.release() } } }

    func call(_ number: Int, of path: Model.Path, _ request: ModelRequest) throws {
        switch nodes[path] {
        case nil: return
        case .pool(let pool):
            switch request {
            case .startDynamic:
                calls[number] = Call { _ = try await pool.startChild(number) }
            case .stop(let name):
                let key = name.split(separator: "#").last.flatMap { Int($0) } ?? 0
                calls[number] = Call { try await pool.stopChild(DynamicChild(key: key, supervisor: pool.id)) }
            case .start, .restart, .delete, .reconfigure: return
            }
        case .supervisor(let supervisor):
            calls[number] = try call(supervisor, path, request)
        }
        simulation.settle()
    }

    private func call(_ supervisor: Supervisor, _ path: Model.Path, _ request: ModelRequest) throws -> Call<Void>? {
        switch request {
        case .start(let spec):
            let spec = try make(spec, under: path)
            return Call { try await supervisor.startChild(spec) }
        case .startDynamic: return nil
        case .stop(let name): return Call { try await supervisor.stopChild(name) }
        case .restart(let name): return Call { try await supervisor.restartChild(name) }
        case .delete(let name): return Call { try await supervisor.deleteChild(name) }
        case .reconfigure(let tree):
            let specs = try tree.children.map { try make($0, under: path) }
            return Call {
                try await supervisor.reconfigure(
                    strategy: tree.strategy, intensity: Intensity(tree), autoShutdown: tree.autoShutdown,
                    abandonedLimit: tree.abandonedLimit, children: specs)
            }
        }
    }

    func cancelCall(_ number: Int) { after { calls[number]?.cancel() } }

    private func after(_ stimulus: () -> Void) {
        stimulus()
        simulation.settle()
    }

    // MARK: Building

    private func make(_ path: Model.Path, _ tree: ModelTree) throws -> Supervisor {
        let specs = try tree.children.map { try make($0, under: path) }
        var onEvent: (@Sendable (SupervisorEvent) -> Void)?
        // The others' events go where the root's go.
        if path == Model.root { onEvent = { [log] event in log.note(Self.text(event)) } }
        let supervisor = try Supervisor(
            String(path.split(separator: "/").last ?? ""), strategy: tree.strategy, intensity: Intensity(tree),
            autoShutdown: tree.autoShutdown, abandonedLimit: tree.abandonedLimit, children: specs, clock: clock,
            onEvent: onEvent)
        nodes[path] = .supervisor(supervisor)
        return supervisor
    }

    private func make(_ spec: ModelSpec, under parent: Model.Path) throws -> ChildSpec {
        let path = "\(parent)/\(spec.name)"
        guard let tree = spec.tree else {
            let performer = performers[path]
            return ChildSpec(
                spec.name, restart: spec.restart, shutdown: Shutdown(spec), backoff: spec.backoff,
                isSignificant: spec.isSignificant, startDeadline: spec.startDeadline.map { .milliseconds($0) },
                liveness: spec.liveness.map { .milliseconds($0) }, start: performer.start)
        }
        guard tree.isDynamic, let template = tree.children.first else {
            return try make(path, tree).childSpec(
                restart: spec.restart, backoff: spec.backoff, isSignificant: spec.isSignificant)
        }
        let pool = try DynamicSupervisor<Int>(
            spec.name, restart: template.restart, shutdown: Shutdown(template), backoff: template.backoff,
            startDeadline: template.startDeadline.map { .milliseconds($0) },
            liveness: template.liveness.map { .milliseconds($0) },
            maxChildren: tree.maxChildren == .max ? nil : tree.maxChildren, intensity: Intensity(tree),
            abandonedLimit: tree.abandonedLimit, clock: clock
        ) { [performers] call in try await performers.ofPool("\(path)/\(spec.name)", startedBy: call).start() }
        nodes[path] = .pool(pool)
        return pool.childSpec(restart: spec.restart, backoff: spec.backoff, isSignificant: spec.isSignificant)
    }

    private static func text(_ event: SupervisorEvent) -> String {
        let text =
            switch event.kind {
            case .started(restarts: 0): "started"
            case .started(let restarts): "restarted \(restarts)"
            case .ignored: "ignored"
            case .failed(let error): "failed: \(name(error))"
            case .finished: "finished"
            case .restarting(let delay): "restarts in \(Int(delay / .milliseconds(1)))"
            case .stopped: "stopped"
            case .abandoned(let total): "abandoned, \(total) in all"
            case .gaveUp: "given up"
            }
        return "\(event.path.joined(separator: "/")) \(text)"
    }
}

extension Intensity {
    fileprivate init(_ tree: ModelTree) { self.init(restarts: tree.restarts, within: .milliseconds(tree.period)) }
}

extension Shutdown {
    fileprivate init(_ spec: ModelSpec) { self = spec.shutdown.map { .within(.milliseconds($0)) } ?? .unlimited }
}
