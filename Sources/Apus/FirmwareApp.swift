internal import Device
internal import Glibc
internal import Monitoring
internal import Publishing
public import Supervision

/// An app that is the firmware of a device: says which children its supervisor has.
///
/// ```swift
/// @main
/// struct Blinker: FirmwareApp {
///     func children(on board: Board) -> [ChildSpec] {
///         [HeartbeatLED(on: board.line("GPIO27")).childSpec]
///     }
/// }
/// ```
///
/// For each child in a cell (`Isolation.process`) the program is started once more, and asks the app for its children
/// there, too: ``children(on:)`` must only say what there is, and leave opening it to the children.
///
/// On a machine without /etc/apus/board.conf, which every image has, the board is simulated.
public protocol FirmwareApp: Sendable {
    init()

    /// The children of the root supervisor in the order of their start; they are stopped in the reverse order.
    ///
    /// - Throws: what makes the app pointless, such as configuration without which it has nothing to do. The process then
    ///   ends with exit status 1, and PID 1 decides. What concerns one child belongs into that child's start.
    func children(on board: Board) throws -> [ChildSpec]
}

extension FirmwareApp {
    /// Runs the app until SIGTERM or SIGINT, then stops it in order. At SIGUSR1 it prints its tree of children.
    ///
    /// The exit status is 0 then, and 1 when the root supervisor gave up.
    public static func main() async {
        do {
            try await run()
        } catch {
            Log.line("\(error)")
            exit(1)
        }
    }

    private static func run() async throws {
        // As a cell this program does the same up to where the root supervisor would run, and there runs one child only.
        CellHost.prepare()
        // A broker that hangs up while it is written to is an error of that write, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        try Signals.hold()
        let board = try Board.current()
        // In a cell as well, which may have cells of its own.
        CellLeftovers.clear { await CellOutputs.restore(of: $0) }
        if !CellHost.isCell {
            let devices = KernelDevices(board.config)
            Task { await devices.add(on: board.sysfs, log: Log.line) }
        }
        let supervisor = try Supervisor("app", children: try Self().children(on: board), onEvent: log)
        let app = Task { try await supervisor.run() }
        if !CellHost.isCell, HealthSocket.exists {
            let reporter = HealthReporter(
                rules: HealthRules(board.config), checks: board.health, clock: ContinuousClock(),
                snapshot: { await supervisor.snapshot() }, areBrokersConnected: { BrokerConnections.areAllUp },
                report: HealthSocket.send, log: Log.line)
            Task { await reporter.run() }
        }
        let server = sensorServer(of: supervisor)
        defer { server?.stop() }
        try Signals.onEach { signal in
            if signal == SIGUSR1 {
                Task { Log.text("\(await supervisor.snapshot())") }
            } else {
                Log.line("stopping on signal \(signal)")
                app.cancel()
            }
        }
        try await app.value
    }

    /// For `apus sensors`; nil where there is no place for its socket.
    private static func sensorServer(of supervisor: Supervisor) -> SensorServer? {
        guard !CellHost.isCell, let path = SensorServer.defaultPath else { return nil }
        do {
            return try SensorServer(path: path) { SensorReport.current(await supervisor.snapshot()).line + [0x0A] }
        } catch {
            // The app does without.
            Log.line("\(error)")
            return nil
        }
    }

    private static func log(_ event: SupervisorEvent) {
        Log.line(event.description)
        guard case .failed(let crash as CellCrash) = event.kind else { return }
        guard let backtrace = crash.backtrace else { return }
        for frame in backtrace.frames { Log.line("    \(frame)") }
        // Takes its time, which the restart does not wait for.
        Task {
            if let location = await backtrace.sourceLocation {
                Log.line("process \(crash.processID) crashed at \(location)")
            }
        }
    }
}
