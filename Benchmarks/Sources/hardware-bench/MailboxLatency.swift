internal import Glibc
internal import Hardware
internal import Sensors
internal import Supervision
internal import Synchronization

/// How long an edge takes from the kernel into a publisher's mailbox, as a reading.
enum MailboxLatency {
    static func measure(_ count: Int, of offset: Int, label: String) async throws {
        let pin = GPIOPin("GPIO\(offset)", chipLabel: label, offset: offset)
        let mailbox = Mailbox<Reading>(capacity: 1024, overflow: .suspendSender)
        let latencies = Mutex<[Int64]>([])
        let timed = Timed(input: DigitalInput(on: pin, refresh: .seconds(3600))) { latency in
            latencies.withLock { $0.append(latency) }
        }
        let supervisor = try Supervisor("bench", children: [Sensor(timed, into: mailbox).childSpec]) { _ in }
        let running = Task { try await supervisor.run() }
        // The level at the start.
        _ = try await mailbox.receive()
        HardwareBench.tell("ready")
        var received = 0
        while received < count { received += try await mailbox.receive().count }
        running.cancel()
        try? await running.value
        let sorted = latencies.withLock { $0.sorted() }
        guard sorted.count == count else { HardwareBench.fail("\(sorted.count) edges timed of \(count)") }
        HardwareBench.tell(
            "p50=\(HardwareBench.percentile(0.5, of: sorted)) p99=\(HardwareBench.percentile(0.99, of: sorted))")
    }
}

/// An input that notes when each of its edges has become a reading in the mailbox: nanoseconds after the kernel saw it.
private struct Timed: EventDriver {
    let input: DigitalInput
    let note: @Sendable (Int64) -> Void

    var id: String { input.id }

    func open() throws -> InputLine { try input.open() }

    func run(
        _ line: InputLine, report: @escaping @Sendable (Measurement) async throws -> Void
    ) async throws {
        try await input.run(line) { measurement in
            try await report(measurement)
            if let time = measurement.time { note(HardwareBench.monotonicTime - Int64(time)) }
        }
    }
}
