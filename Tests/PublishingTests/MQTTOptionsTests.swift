import Sensors
import Testing

@testable import Publishing

struct MQTTOptionsTests {
    @Test func readsADevicesConfiguration() throws {
        let values = [
            "broker": "mqtts://anna:secret@a, mqtt://b", "broker.ca": "/data/ca.pem",
            "broker.certificate": "/data/c.pem",
            "broker.key": "/data/k.pem", "broker.name": "broker.example", "broker.topic": "x/{device}/{sensor}",
            "broker.format": "cbor", "broker.keepalive": "65535", "broker.homeassistant": "ha",
        ]
        let options = MQTTOptions { values[$0] }
        let settings = try options.settings(device: "d1")
        #expect(settings.brokers.map(\.address) == ["a:8883", "b:1883"])
        #expect(settings.tls.authorities == .file("/data/ca.pem"))
        #expect(settings.tls.certificate == "/data/c.pem" && settings.tls.key == "/data/k.pem")
        #expect(settings.tls.serverName == "broker.example")
        #expect(settings.keepAlive == 65_535 && settings.clientID == "apus-d1")
        #expect(settings.status?.topic == "apus/d1/status")
        #expect(options.format == .cbor && options.homeAssistant?.prefix == "ha")
    }

    @Test func hasDefaultsForAllOfIt() throws {
        let options = MQTTOptions { _ in nil }
        let settings = try options.settings(device: "d1")
        #expect(settings.brokers.map(\.address) == ["127.0.0.1:1883"])
        #expect(settings.tls == TLSOptions() && options.format == .json && options.homeAssistant == nil)
    }

    @Test(arguments: [
        ("broker.format", "xml", "broker.format: \"xml\" is neither json nor cbor"),
        ("broker.keepalive", "4", "broker.keepalive: \"4\" is no number of seconds from 5 to 65535"),
        ("broker.keepalive", "+9", "broker.keepalive: \"+9\" is no number of seconds from 5 to 65535"),
        ("broker.keepalive", "", "broker.keepalive: \"\" is no number of seconds from 5 to 65535"),
        ("broker", "tcp://a", "the broker's URL is not valid: it must begin with mqtt:// or, with TLS, mqtts://"),
    ])
    func namesTheKeyThatIsWrong(_ key: String, _ value: String, _ reason: String) {
        let options = MQTTOptions { $0 == key ? value : nil }
        #expect { try options.settings(device: "d1") } throws: { "\($0)".hasPrefix(reason) }
    }

    @Test func clampsWhatTheProtocolCannotSay() throws {
        var options = MQTTOptions("mqtt://a")
        options.keepAlive = .seconds(1)
        options.grace = .seconds(-1)
        options.sessionExpiry = .seconds(Int64.max)
        let settings = try options.settings(device: "d")
        #expect(settings.keepAlive == 5 && settings.willDelay == 0 && settings.sessionExpiry == .max)
        options.grace = .seconds(90)
        options.sessionExpiry = .seconds(1)
        #expect(try options.settings(device: "d").sessionExpiry == 90)
    }

    @Test func messagesOfSeveralTopicsAreApart() throws {
        func reading(_ sensor: String, _ quantity: Quantity) -> Reading {
            Reading(
                sensor: sensor, quantity: quantity, value: .number(1), wallTime: nil, monotonicTime: 0, bootID: "b",
                sequence: 1)
        }
        let humidity = Quantity("humidity", unit: "%RH")
        let pairs = [
            (reading("a", .temperature), reading("b", .temperature)),
            (reading("a", .temperature), reading("a", humidity)),
        ]
        for (topic, expected) in [
            ("x", [true, true]), ("{sensor}", [false, true]), ("{quantity}", [true, false]),
            ("{sensor}/{quantity}", [false, false]),
        ] {
            var options = MQTTOptions("mqtt://a")
            options.topic = topic
            let encoding = try MQTTEncoding(options, device: "d")
            #expect(pairs.map { encoding.canShare($0, $1) } == expected)
        }
        var options = MQTTOptions("mqtt://a")
        options.topic = "r/{device}/{sensor}/{quantity}"
        options.format = .cbor
        let encoding = try MQTTEncoding(options, device: "d")
        let message = try encoding.message(7, [reading("a b", humidity)], present: .init(monotonicTime: 0))
        #expect(message.number == 7 && message.topic == "r/d/a_b/humidity")
        #expect(try ResolvedRecord.resolve(message.payload, .cbor).records.map(\.number) == [1])
        let gap = encoding.message(
            8, SenML.Gap(numbers: 1...2, reason: "full", wallTime: nil), present: .init(monotonicTime: 0))
        #expect(gap.topic == "r/d/outbox/gap")
    }
}
