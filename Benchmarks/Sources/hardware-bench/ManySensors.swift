internal import Glibc
internal import Hardware
internal import Sensors
internal import Supervision

/// 200 thermometers that are read once a second, each of the chips on three buses by several of them.
enum ManySensors {
    private static let count = 200
    private static let period: Int64 = 1_000_000_000

    /// What came of one sensor, in nanoseconds of CLOCK_MONOTONIC.
    private struct Series {
        let first: Int64
        var last: Int64
        /// Of each reading, from whole periods after the first.
        var offsets: [Int64] = []

        /// Ticks without a reading.
        var missed: Int { Int((last - first + period / 2) / period) + 1 - offsets.count }

        /// Of each reading, against the earliest.
        var lateness: [Int64] {
            let earliest = offsets.min() ?? 0
            return offsets.map { $0 - earliest }
        }
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
        var all: [String: Series] = [:]
        var processorTime: Int64?
        var isOver = false
        while !isOver {
            for reading in try await mailbox.receive() {
                let time = Int64(reading.monotonicTime)
                if time < start { continue }
                if time >= end {
                    isOver = true
                    break
                }
                if processorTime == nil { processorTime = HardwareBench.processorTime }
                var series = all[reading.sensor] ?? Series(first: time, last: time)
                series.last = time
                series.offsets.append(time - series.first - (time - series.first + period / 2) / period * period)
                all[reading.sensor] = series
            }
        }
        let used = HardwareBench.processorTime - (processorTime ?? 0)
        running.cancel()
        try? await running.value

        guard all.count == count else { HardwareBench.fail("only \(all.count) sensors of \(count) gave readings") }
        let missed = all.values.reduce(0) { $0 + $1.missed }
        let lateness = all.values.flatMap { $0.lateness }.sorted()
        HardwareBench.tell(
            "missed=\(missed) readings=\(lateness.count) late.p99=\(HardwareBench.percentile(0.99, of: lateness))"
                + " cpu=\(used / Int64(max(1, seconds)))")
    }
}
