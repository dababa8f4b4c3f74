import Sensors
import Supervision

/// Sensors under a supervisor on a clock that stands still, and what comes out of them.
final class Fixture: Sendable {
    let clock = ManualClock()
    let readings = Mailbox<Reading>(capacity: 10_000, overflow: .dropNewest)
    private let events = Mailbox<String>(capacity: 10_000, overflow: .dropNewest)

    func run(_ children: [ChildSpec], _ body: () async throws -> Void) async throws {
        // Without start deadlines: who waits for sleepers on the clock waits for what the test is about.
        let children = children.map { child in
            var child = child
            child.startDeadline = nil
            return child
        }
        let supervisor = try Supervisor(
            "root", children: children, clock: clock, onEvent: { [events] in _ = events.offer($0.description) })
        let task = Task { try await supervisor.run() }
        do {
            try await body()
        } catch {
            task.cancel()
            _ = await task.result
            throw error
        }
        task.cancel()
        try await task.value
    }

    func nextEvent() async throws -> String {
        try await events.receive(upTo: 1)[0]
    }

    func events(_ count: Int) async throws -> [String] {
        var all: [String] = []
        while all.count < count { all.append(try await nextEvent()) }
        return all
    }

    func nextReading() async throws -> Reading {
        try await readings.receive(upTo: 1)[0]
    }
}
