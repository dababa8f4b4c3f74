import Foundation
import JSON
import Sensors
import Testing

@testable import Publishing

/// What Home Assistant finds at a broker.
@Suite(.timeLimit(.minutes(10)))
struct HomeAssistantTests {
    /// The keys that https://www.home-assistant.io/integrations/mqtt/, sensor.mqtt and binary_sensor.mqtt document, as far
    /// as they can occur here.
    private static let documented: Set<String> = [
        "name", "unique_id", "state_topic", "device_class", "unit_of_measurement", "state_class", "availability_topic",
        "device", "origin",
    ]
    private static let documentedOfDevice: Set<String> = ["identifiers", "name", "manufacturer", "model", "sw_version"]

    @Test func announcesItselfAndShowsItsValues() async throws {
        let broker = try Broker()
        try await broker.start()
        var options = HomeAssistantOptions()
        (options.deviceName, options.manufacturer) = ("Greenhouse \"north\"", "us")
        let shown = try HomeAssistant(options, device: "gh-1", status: "apus/gh-1/status")
        let link = try MQTTLink("mqtt://127.0.0.1:\(broker.port)") { $0.status = .init(topic: "apus/gh-1/status") }
        let exchange = try #require(await link.exchange)
        shown.show(
            [
                reading("tmp", .temperature, .number(20)), reading("tmp", .temperature, .number(21.5)),
                reading("tür 1", Quantity("open", unit: nil), .bool(true)),
                reading("bad", Quantity("x", unit: "V"), .number(.nan)),
            ], on: exchange)
        // QoS 1 in order: when this is there, the others are. They are looked for by someone who comes later.
        try await link.deliver(["a"])
        let live = try await broker.follow("apus/gh-1/state/#")
        #expect(
            try await Set([live.next(), live.next()]) == [
                "apus/gh-1/state/tmp/temperature 21.5", "apus/gh-1/state/t__r_1/open ON",
            ])
        let found = try await broker.follow("homeassistant/#")
        var announcements: [String: JSON.Object] = [:]
        for _ in 0..<2 {
            let line = try await found.next()
            let blank = try #require(line.firstIndex(of: " "))
            announcements[String(line[..<blank])] = try JSON(parsing: String(line[line.index(after: blank)...]))
                .objectValue
        }
        let sensor = try #require(announcements["homeassistant/sensor/gh-1_tmp_temperature/config"])
        #expect(sensor["unique_id"]?.stringValue == "apus_gh-1_tmp_temperature")
        #expect(sensor["state_topic"]?.stringValue == "apus/gh-1/state/tmp/temperature")
        #expect(sensor["device_class"]?.stringValue == "temperature")
        #expect(sensor["unit_of_measurement"]?.stringValue == "°C")
        #expect(sensor["state_class"]?.stringValue == "measurement")
        #expect(sensor["availability_topic"]?.stringValue == "apus/gh-1/status")
        let door = try #require(announcements["homeassistant/binary_sensor/gh-1_t__r_1_open/config"])
        #expect(door["device_class"]?.stringValue == "opening")
        #expect(door["unit_of_measurement"] == nil && door["state_class"] == nil)
        for config in announcements.values {
            #expect(Set(config.members.map(\.name)).isSubset(of: Self.documented))
            let device = try #require(config["device"]?.objectValue)
            #expect(Set(device.members.map(\.name)).isSubset(of: Self.documentedOfDevice))
            #expect(device["identifiers"]?.arrayValue?.first?.stringValue == "apus_gh-1")
            #expect(device["name"]?.stringValue == "Greenhouse \"north\"")
            #expect(config["origin"]?.objectValue?["name"]?.stringValue == "apus")
        }
        // New values come at once or soon, the last of several.
        for value in 0..<50 { shown.show([reading("tmp", .temperature, .number(Double(value)))], on: exchange) }
        var last = ""
        while last != "apus/gh-1/state/tmp/temperature 49" { last = try await live.next() }
    }

    /// Units and classes that go together, from the table of device classes in Home Assistant's documents.
    @Test(
        arguments: [
            ("Cel", "°C", "temperature"), ("%RH", "%", "humidity"), ("Pa", "Pa", "pressure"),
            ("lx", "lx", "illuminance"),
            ("V", "V", "voltage"), ("pH", nil, "ph"), ("J", "J", nil), ("count", nil, nil), (nil, nil, nil),
            ("ppm", "ppm", nil), ("W/m2", "W/m²", "irradiance"),
        ] as [(String?, String?, String?)])
    func unitsAreHomeAssistants(_ unit: String?, _ expectedUnit: String?, _ expectedClass: String?) {
        let kind = HomeAssistantClass(number: Quantity("x", unit: unit))
        #expect(kind.unit == expectedUnit && kind.deviceClass == expectedClass)
    }

    @Test(arguments: ["apus/{device}/state", "apus/{sensor}", "apus/{quantity}", "+/{sensor}/{quantity}"])
    func refusesTopicsThatSeveralValuesWouldShare(_ topic: String) {
        var options = HomeAssistantOptions()
        options.stateTopic = topic
        #expect(throws: TopicTemplate.Invalid.self) { try HomeAssistant(options, device: "d", status: nil) }
    }

    @Test func tooManyTopicsAreNotTaken() {
        var retained = RetainedMessages()
        var areTaken = true
        for number in 0..<RetainedMessages.maximumCount { areTaken = retained.set([1], on: "\(number)") && areTaken }
        #expect(areTaken)
        let isOneMoreTaken = retained.set([1], on: "one more")
        #expect(!isOneMoreTaken)
        let all = retained.takeChanges(upTo: RetainedMessages.maximumCount)
        #expect(all.messages.count == RetainedMessages.maximumCount && !retained.hasChanges)
        _ = retained.set([1], on: "5")
        #expect(!retained.hasChanges, "nothing new")
        _ = retained.set([2], on: "5")
        let changes = retained.takeChanges(upTo: 2)
        #expect(changes.messages.map(\.topic) == ["5"])
        retained.setAllChanged()
        let again = retained.takeChanges(upTo: 2)
        #expect(again.messages.map(\.topic) == ["0", "1"], "in the order of their first setting")
    }

    @Test func changesAreTakenInRounds() {
        var retained = RetainedMessages()
        for topic in ["a", "b", "c"] { _ = retained.set([1], on: topic) }
        let first = retained.takeChanges(upTo: 2)
        #expect(first.messages.map(\.topic) == ["a", "b"] && !first.isRoundOver && retained.hasChanges)
        for topic in ["a", "c"] { _ = retained.set([2], on: topic) }
        let second = retained.takeChanges(upTo: 2)
        #expect(second.messages.map(\.topic) == ["c"] && second.isRoundOver, "one that changes often holds up no other")
        #expect(second.messages.map(\.payload) == [[2]], "the latest")
        let third = retained.takeChanges(upTo: 2)
        #expect(third.messages.map(\.topic) == ["a"] && third.isRoundOver && !retained.hasChanges)
        // Another connection in the middle of a round: what was in flight is sent again.
        retained.setAllChanged()
        _ = retained.takeChanges(upTo: 2)
        retained.setAllChanged()
        let anew = retained.takeChanges(upTo: 3)
        #expect(anew.messages.map(\.topic) == ["a", "b", "c"] && anew.isRoundOver && !retained.hasChanges)
    }

    private func reading(_ sensor: String, _ quantity: Quantity, _ value: Reading.Value) -> Reading {
        Reading(
            sensor: sensor, quantity: quantity, value: value, wallTime: nil, monotonicTime: 0, bootID: "b", sequence: 1)
    }
}
