import Glibc
import Publishing
import Sensors
import Supervision

// OrderlyEnd PORT: connects to the broker there, delivers a reading, stops its publisher in order and ends at once.
@main
enum OrderlyEnd {
    static func main() async throws {
        guard let port = CommandLine.arguments.dropFirst().first.flatMap({ Int($0) }) else { exit(64) }
        let publisher = Publisher(
            to: .mqtt("mqtt://127.0.0.1:\(port)"), device: "fixture", outbox: OutboxOptions(folder: nil))
        let supervisor = try Supervisor("fixture", children: [publisher.childSpec]) { _ in }
        let running = Task { try await supervisor.run() }
        try await publisher.store([Reading(sensor: "probe", quantity: .temperature, value: .number(1))])
        running.cancel()
        try await running.value
        exit(0)
    }
}
