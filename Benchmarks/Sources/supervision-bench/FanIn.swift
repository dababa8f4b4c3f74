import Supervision

/// Every sensor sends its readings, one by one, to one publisher's mailbox.
enum FanIn {
    /// Where senders begin to wait: 65 readings of each sensor, 2 MB. A tenth of it costs thrice the time, for sensors
    /// that wait are resumed one by one.
    private static let capacity = 65_536

    static func measure(sensors: Int, readings: Int) async throws {
        var (cpu, wall): ([Double], [Double]) = ([], [])
        for _ in 0..<SupervisionBench.rounds {
            let round = try await round(sensors, readings)
            cpu.append(round.cpu)
            wall.append(round.wall)
        }
        SupervisionBench.print("cpu.us", Statistics.median(cpu))
        SupervisionBench.print("wall.us", Statistics.median(wall))
        SupervisionBench.print("peak.bytes", Double(try Resources.peakBytes()))
    }

    /// Microseconds of one reading.
    private static func round(_ sensors: Int, _ readings: Int) async throws -> (cpu: Double, wall: Double) {
        struct Go: Sendable {}
        let expected = sensors * readings
        let mailbox = Mailbox<Reading>(capacity: capacity, overflow: .suspendSender)
        let receivedAll = Handover<Double>()
        let publisher = ChildSpec("publisher") {
            {
                var (received, sum) = (0, 0.0)
                while true {
                    for reading in try await mailbox.receive() {
                        received += 1
                        sum += reading.value
                    }
                    if received == expected { receivedAll.give(sum) }
                }
            }
        }
        let supervisor = try DynamicSupervisor("sensors", intensity: RunningTree.intensity) {
            (sensor: (id: Int, go: Mailbox<Go>)) in
            {
                while true {
                    for _ in try await sensor.go.receive() {
                        for sequence in 0..<readings {
                            try await mailbox.send(
                                Reading(
                                    sensor: sensor.id, sequence: sequence, time: Resources.nanoseconds(), value: 21.5))
                        }
                    }
                }
            }
        }
        let tree = try await RunningTree([publisher, supervisor.childSpec()])
        let starts = (0..<sensors).map { _ in Mailbox<Go>(capacity: 1, overflow: .suspendSender) }
        for (id, go) in starts.enumerated() { try await supervisor.startChild((id: id, go: go)) }

        let (cpu, begun) = (Resources.cpuNanoseconds(), Resources.nanoseconds())
        for go in starts { _ = go.offer(Go()) }
        let sum = await receivedAll.take()
        let round = (
            cpu: Double(Resources.cpuNanoseconds() - cpu) / 1000 / Double(expected),
            wall: Double(Resources.nanoseconds() - begun) / 1000 / Double(expected)
        )
        await tree.stop()
        guard sum == Double(expected) * 21.5 else { throw Lost() }
        return round
    }

    private struct Lost: Error {}
}
