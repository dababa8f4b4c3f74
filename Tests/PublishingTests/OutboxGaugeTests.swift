import Sensors
import Supervision
import Testing

@testable import Publishing

@Suite(.timeLimit(.minutes(10)))
struct OutboxGaugeTests {
    private func mailbox(_ supervisor: Supervisor) async throws -> MailboxStatistics {
        let children = await supervisor.snapshot().children
        return try #require(children.first { $0.id == "publisher" }?.mailbox)
    }

    @Test func theTreeShowsTheOutboxAsThePublishersMailbox() async throws {
        // Not there yet.
        let broker = try Broker()
        var options = OutboxOptions(folder: nil)
        options.memory = 100
        let publisher = Publisher(
            to: [.mqtt(broker.url())], device: "device-1", outbox: options, overflow: .dropOldest, start: 1,
            report: { _ in },
            configure: { $0.retry = Backoff(initial: .milliseconds(20), maximum: .milliseconds(200)) })
        // However long the stop takes on a busy machine.
        var child = publisher.childSpec
        child.shutdown = .unlimited
        let supervisor = try Supervisor("test", children: [child]) { _ in }
        let task = Task { try await supervisor.run() }
        defer { task.cancel() }

        // The mailbox itself is empty when all is accepted.
        try await publisher.mailbox.send(contentsOf: (0..<60).map { sampleReading($0) })
        try await until(publisher) { $0.waiting == 60 }
        var shown = try await mailbox(supervisor)
        #expect(shown.depth == 60 && shown.highWaterMark == 60 && shown.dropped == 0)
        try await publisher.mailbox.send(contentsOf: (60..<150).map { sampleReading($0) })
        try await until(publisher) { $0.dropped == 50 }
        shown = try await mailbox(supervisor)
        #expect(shown.depth == 100 && shown.highWaterMark == 100 && shown.dropped == 50)
        try await broker.start()
        try await until(publisher) { $0.waiting == 0 }
        shown = try await mailbox(supervisor)
        #expect(shown.depth == 0 && shown.highWaterMark == 100 && shown.dropped == 50)

        task.cancel()
        try await task.value
    }

    /// The statistics have no event of their own; every look is a turn of the actor.
    private func until(_ publisher: Publisher, _ condition: (Publisher.Statistics) -> Bool) async throws {
        while await !condition(publisher.statistics) {
            try Task.checkCancellation()
            await Task.yield()
        }
    }
}
