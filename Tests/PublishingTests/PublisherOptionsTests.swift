import Foundation
import Sensors
import Supervision
import Testing

@testable import Publishing

/// What a publisher makes of its options, at a real broker.
@Suite(.timeLimit(.minutes(10)))
struct PublisherOptionsTests {
    @Test func topicsStatusAndHomeAssistant() async throws {
        let broker = try Broker()
        try await broker.start()
        let readings = try await broker.follow("greenhouses/#")
        let others = try await broker.follow("+/device-1/status")
        let found = try await broker.follow("homeassistant/#")
        var options = MQTTOptions(broker.url())
        options.topic = "greenhouses/{device}/{sensor}"
        options.statusTopic = "houses/{device}/status"
        options.homeAssistant = HomeAssistantOptions()
        let publisher = Publisher(to: .mqtt(options), device: "device-1")
        var child = publisher.childSpec
        child.shutdown = .unlimited
        let supervisor = try Supervisor("test", children: [child]) { _ in }
        let task = Task { try await supervisor.run() }
        for number in 0..<6 {
            try await publisher.mailbox.send(
                Reading(sensor: "probe-\(number % 2)", quantity: .temperature, value: .number(Double(number))))
        }
        var values: [String: [Double?]] = [:]
        while values.values.joined().count < 6 {
            let line = try await readings.next()
            let blank = try #require(line.firstIndex(of: " "))
            let records = try ResolvedRecord.resolve(String(line[line.index(after: blank)...]))
            values[String(line[..<blank]), default: []] += records.map(\.number)
        }
        #expect(values == ["greenhouses/device-1/probe-0": [0, 2, 4], "greenhouses/device-1/probe-1": [1, 3, 5]])
        #expect(try await others.next() == "houses/device-1/status online")
        for number in 0..<2 {
            try await found.next(containing: "homeassistant/sensor/device-1_probe-\(number)_temperature/config {")
        }
        task.cancel()
        try? await task.value
        #expect(try await others.next() == "houses/device-1/status offline")
    }

    /// Not only what comes through the mailbox.
    @Test func whatIsStoredIsShown() async throws {
        let broker = try Broker()
        try await broker.start()
        let shown = try await broker.follow("apus/device-1/state/#")
        var options = MQTTOptions(broker.url())
        options.homeAssistant = HomeAssistantOptions()
        let publisher = Publisher(to: .mqtt(options), device: "device-1", outbox: OutboxOptions(folder: nil))
        var child = publisher.childSpec
        child.shutdown = .unlimited
        let events = Lines()
        let supervisor = try Supervisor("test", children: [child]) { events.append("\($0)") }
        let task = Task { try await supervisor.run() }
        try await events.next(containing: "test/publisher started")
        try await publisher.store([Reading(sensor: "stored", quantity: .temperature, value: .number(1))])
        try await publisher.mailbox.send(Reading(sensor: "sent", quantity: .temperature, value: .number(2)))
        #expect(try await shown.next() == "apus/device-1/state/stored/temperature 1")
        #expect(try await shown.next() == "apus/device-1/state/sent/temperature 2")
        task.cancel()
        try? await task.value
    }

    @Test func wrongOptionsFailTheStart() async throws {
        var options = MQTTOptions("mqtt://127.0.0.1:1")
        options.topic = "a/{b}"
        let publisher = Publisher(to: .mqtt(options), device: "device-1")
        let events = Lines()
        let supervisor = try Supervisor("test", children: [publisher.childSpec]) { events.append("\($0)") }
        let task = Task { try await supervisor.run() }
        #expect(try await events.next(containing: "failed").contains("the topic \"a/{b}\" is not valid"))
        task.cancel()
        try? await task.value
    }
}
