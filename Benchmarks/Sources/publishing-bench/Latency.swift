import Glibc
import Publishing
import Sensors
import Supervision

/// Readings at a steady rate into the mailbox of a publisher; who listens at the broker finds in each the time it was put in.
enum Latency {
    static func publish(port: Int, rate: Int, count: Int) async throws {
        let publisher = Publisher(to: .mqtt("mqtt://127.0.0.1:\(port)"), device: "bench")
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
}
