import Glibc
import Publishing
import Sensors
import Supervision

/// Readings at a steady rate into the mailbox of a publisher; who listens at the broker finds in each the time it was put in.
enum Latency {
    /// With the outbox in files, as on a device.
    static func publish(port: Int, rate: Int, count: Int) async throws {
        // Below the checkout, where `make bench` runs this and has made the folder above; a temporary one may lie in
        // memory.
        let folder = "build/bench/latency-\(getpid())"
        // The outbox would make do with memory.
        guard mkdir(folder, 0o755) == 0 else {
            throw Failure(what: "cannot make \(folder): \(String(cString: strerror(errno)))")
        }
        defer { removeFiles(folder) }
        let publisher = Storing.publisher(folder, port: port)
        let supervisor = try Supervisor("bench", children: [publisher.childSpec]) { _ in }
        let running = Task { try await supervisor.run() }
        while await !publisher.statistics.isConnected { try await Task.sleep(for: .milliseconds(10)) }
        // The listener has had time to subscribe, and the first messages are on their way.
        try await Task.sleep(for: .milliseconds(500))
        let start = ContinuousClock.now
        for number in 0..<count {
            try await Task.sleep(until: start + .seconds(1) / rate * number, tolerance: .zero, clock: .continuous)
            // Microseconds are exact as a double.
            let now = Double(PublishingBench.time(CLOCK_MONOTONIC) / 1000)
            try await publisher.mailbox.send(Reading(sensor: "s", quantity: .temperature, value: .number(now)))
        }
        while await publisher.statistics.waiting > 0 { try await Task.sleep(for: .milliseconds(10)) }
        running.cancel()
        try? await running.value
    }

    /// The files that an outbox leaves, and their folder.
    private static func removeFiles(_ folder: String) {
        for name in ["outbox.db", "outbox.db-wal", "sequence"] { unlink("\(folder)/\(name)") }
        rmdir(folder)
    }

    private struct Failure: Error, CustomStringConvertible {
        let what: String

        var description: String { what }
    }
}
