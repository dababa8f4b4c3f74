internal import Glibc
internal import Hardware
internal import Sensors
internal import Supervision

/// 200 thermometers that are read once a second, each of the chips on three buses by several of them.
enum ManySensors {
    private static let count = 200
    private static let period: Int64 = 1_000_000_000

    /// By how much each of one sensor's readings came later in its period than the earliest, in nanoseconds.
    ///
    /// - Parameter times: of CLOCK_MONOTONIC. The longest part of the period in which none came lies before the earliest.
    private static func lateness(_ times: [Int64]) -> [Int64] {
        let phases = times.map { $0 % period }.sorted()
        guard let first = phases.first, var before = phases.last.map({ $0 - period }) else { return [] }
        var (earliest, longest) = (first, Int64(-1))
        for phase in phases {
            if phase - before > longest { (earliest, longest) = (phase, phase - before) }
            before = phase
        }
        return phases.map { ($0 - earliest + period) % period }
    }

    /// Prints how many of their ticks gave no reading, how late the others came, and the processor time of a second.
    static func run(seconds: Int) async throws {
        let ports = (0..<3).map { I2CPort(path: "/dev/i2c-\($0)") }
        let mailbox = Mailbox<Reading>(capacity: 4096, overflow: .suspendSender)
        let sensors = try (0..<count).map { number in
            // A TMP105's addresses, 0x48 to 0x4F, on each bus.
            let address = try I2CAddress(0x48 + number / ports.count % 8)
            return Sensor(
                TMP105(on: ports[number % ports.count], address: address), id: "t\(number)", every: .seconds(1),
                phase: .spread, into: mailbox)
        }
        let supervisor = try Supervisor("bench", children: sensors.map(\.childSpec)) { event in
            if case .failed = event.kind { HardwareBench.tell("\(event)") }
        }
        let running = Task { try await supervisor.run() }

        var waiting = Set(sensors.indices.map { "t\($0)" })
        while !waiting.isEmpty {
            for reading in try await mailbox.receive() { waiting.remove(reading.sensor) }
        }
        // What was late because the last ones started.
        let start = HardwareBench.monotonicTime + 2 * period
        let end = start + Int64(seconds) * period
        // What the scheduler says it left out.
        func missed() -> Int { sensors.reduce(0) { $0 + $1.statistics.counts.missed } }
        var all: [String: [Int64]] = [:]
        var before: (missed: Int, processorTime: Int64)?
        var isOver = false
        while !isOver {
            for reading in try await mailbox.receive() {
                let time = Int64(reading.monotonicTime)
                if time < start { continue }
                if time >= end {
                    isOver = true
                    break
                }
                if before == nil { before = (missed(), HardwareBench.processorTime) }
                all[reading.sensor, default: []].append(time)
            }
        }
        let used = HardwareBench.processorTime - (before?.processorTime ?? 0)
        let left = missed() - (before?.missed ?? 0)
        running.cancel()
        try? await running.value

        let lateness = all.values.flatMap { Self.lateness($0) }.sorted()
        // At either end of the time a late one may lie outside.
        guard lateness.count >= count * (seconds - 1) - left, !lateness.isEmpty else {
            HardwareBench.fail("\(lateness.count) readings came, and \(left) were left out")
        }
        HardwareBench.tell(
            "missed=\(left) readings=\(lateness.count) late.p99=\(HardwareBench.percentile(0.99, of: lateness))"
                + " cpu=\(used / Int64(max(1, seconds)))")
    }
}
