// For a developer's machine only.
#if !APUS_DEVICE
internal import Device
internal import Glibc
internal import Sensors
internal import Supervision
internal import Threads

extension Board {
    /// A board that exists in this process only: what a file describes that the environment names in APUS_SIMULATION, else
    /// simulation.conf in the current folder, else a thermometer at 0x48 on the bus i2c-1 and GPIO17 wired to GPIO27.
    /// - Throws: ``SimulationError``.
    static func simulated(config: Configuration, log: (String) -> Void = { _ in }) throws -> Board {
        let named = getenv("APUS_SIMULATION").map { String(cString: $0) }
        let file = named ?? "simulation.conf"
        let script: SimulationScript
        if let text = try text(of: file, isWanted: named != nil) {
            script = try SimulationParser.parse(text, file: file)
            log("a simulated board as \(file) describes it")
        } else {
            script = try SimulationParser.parse(SimulationScript.standard, file: "the standard board")
            log("a simulated board, with a TMP102 at 0x48 on i2c-1 and GPIO17 wired to GPIO27")
        }
        let world = try SimulatedWorld(script)
        // Children find it as it is now, and not as it is a moment later.
        let origin = origin
        world.advance(to: .nanoseconds(MonotonicClock.now - origin))
        Task { await world.play(since: origin) }
        return Board(name: "simulated", config: config, ports: world.ports)
    }

    /// - Returns: nil when there is no such file and it is not wanted.
    private static func text(of file: String, isWanted: Bool) throws(SimulationError) -> String? {
        let bytes: [UInt8]
        do throws(SmallFile.ReadError) {
            bytes = try SmallFile.read(file, limit: sizeLimit)
        } catch {
            if case .system(_, code: ENOENT) = error, !isWanted { return nil }
            throw SimulationError(file: file, line: nil, reason: error.description)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw SimulationError(file: file, line: nil, reason: "\(file) is not UTF-8 text")
        }
        return text
    }

    /// Far above any real file.
    private static let sizeLimit = 256 * 1024

    /// When the script began: in a cell that is when the app did, for it inherits the environment.
    private static var origin: Int64 {
        let variable = "APUS_SIMULATION_ORIGIN"
        if CellHost.isCell, let text = getenv(variable), let origin = Int64(String(cString: text)) { return origin }
        let now = MonotonicClock.now
        setenv(variable, "\(now)", 1)
        return now
    }
}
#endif
