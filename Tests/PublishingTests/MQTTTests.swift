import BrokerFixture
import Foundation
import HTTP
import Testing

@testable import Publishing

/// The connection against a real broker.
@Suite(.timeLimit(.minutes(10)), .serialized)
struct MQTTTests {
    @Test func doesNotWaitForASearchThatDoesNotEnd() async throws {
        // Ends when the test does.
        let pipe = Pipe()
        let descriptor = pipe.fileHandleForReading.fileDescriptor
        let link = try MQTTLink("mqtt://somewhere") { settings in
            settings.connectMilliseconds = 50
            settings.search = { _, _ in
                var byte: UInt8 = 0
                _ = read(descriptor, &byte, 1)
                return .failure(.init(reason: "the test is over", mayPass: false))
            }
        }
        #expect(
            try await link.states.next() == "cannot find the broker somewhere:1883: no answer in time")
        // There is a limit of those that go on.
        try await link.states.next(containing: "earlier searches for addresses do not end")
        await link.close()
        try pipe.fileHandleForWriting.close()
    }

    /// The library would ask the system's resolver, which knows no such name, and has no limit of ours.
    @Test func asksForTheAddressOnce() async throws {
        let broker = try Broker()
        try await broker.start()
        let link = try MQTTLink("mqtt://somewhere.invalid:\(broker.port)") {
            $0.search = { Resolver.systemSearch("127.0.0.1", $1) }
        }
        try await link.deliver(["a"])
        #expect(await link.broker == "somewhere.invalid:\(broker.port)")
    }

    // TLS.

    @Test func theServerIsToldTheNameAndMustBeOfIt() async throws {
        let port = try freePort()
        let (certificate, key) = try (Certificates.path("good.pem"), Certificates.path("server.key"))
        // Tells which name it was told.
        let server = try ChildProcess(
            ["/usr/bin/stdbuf", "-oL", "/usr/bin/openssl", "s_server", "-www", "-accept", "\(port)"] + [
                "-cert", certificate, "-key", key, "-cert2", certificate, "-key2", key, "-servername", "localhost",
            ])
        try await server.output.next(containing: "ACCEPT")
        let link = try MQTTLink("mqtts://localhost:\(port)") {
            $0.tls.authorities = .file((try? Certificates.path("ca.pem")) ?? "")
        }
        let line = try await server.output.next(containing: "Hostname in TLS extension")
        #expect(line.contains("\"localhost\""))
        await link.close()
        // A broker of another name than the one that was looked for, at the right address.
        let broker = try Broker(Certificates.brokerSettings("good"))
        try await broker.start()
        let stranger = try MQTTLink("mqtts://somewhere.invalid:\(broker.port)") {
            $0.tls.authorities = .file((try? Certificates.path("ca.pem")) ?? "")
            $0.search = { Resolver.systemSearch("127.0.0.1", $1) }
        }
        #expect(
            try await stranger.states.next()
                == "does not trust the broker somewhere.invalid:\(broker.port): hostname mismatch")
    }

    @Test(arguments: ["127.0.0.1", "localhost"]) func speaksTLS13(_ host: String) async throws {
        let broker = try Broker(Certificates.brokerSettings("good") + "\ntls_version tlsv1.3")
        try await broker.start()
        let text = try String(contentsOfFile: Certificates.path("ca.pem"), encoding: .utf8)
        for authorities in [TLSOptions.Authorities.file(try Certificates.path("ca.pem")), .pem(text)] {
            let link = try MQTTLink("mqtts://\(host):\(broker.port)") { $0.tls.authorities = authorities }
            try await link.deliver((0..<500).map { "\($0) " + String(repeating: "x", count: 1000) })
            #expect(try await link.states.next() == "connected to the broker \(host):\(broker.port)")
            #expect(await link.rejections.isEmpty)
            #expect(await link.sessions == 1)
        }
    }

    @Test(arguments: [
        ("wrong-name", "IP address mismatch"), ("expired", "certificate has expired, by this device's clock"),
        ("untrusted", "unable to get local issuer certificate"),
    ])
    func keepsReadingsFromWhomItDoesNotTrust(_ certificate: String, _ reason: String) async throws {
        let broker = try Broker(Certificates.brokerSettings(certificate))
        try await broker.start()
        let link = try MQTTLink("mqtts://127.0.0.1:\(broker.port)") {
            $0.tls.authorities = .file((try? Certificates.path("ca.pem")) ?? "")
        }
        let payloads = (0..<100).map(String.init)
        async let delivered: Void = link.deliver(payloads)
        #expect(try await link.states.next() == "does not trust the broker 127.0.0.1:\(broker.port): \(reason)")
        // Tried again and again; told once. No message went out.
        for _ in 0..<3 { try await broker.log.next(containing: "New connection from") }
        try await broker.stop("TERM")
        try broker.configure(Certificates.brokerSettings("good"))
        try await broker.start()
        try await delivered
        #expect(await link.sessions == 1)
        var states: [String] = []
        repeat { states.append(try await link.states.next()) } while !(states.last?.hasPrefix("connected") ?? true)
        #expect(!states.dropLast().contains { $0.hasPrefix("does not trust") }, "\(states)")
    }

    @Test func systemsAuthoritiesDoNotKnowOurs() async throws {
        let broker = try Broker(Certificates.brokerSettings("good"))
        try await broker.start()
        let link = try MQTTLink("mqtts://127.0.0.1:\(broker.port)")
        try await link.states.next(containing: "does not trust the broker")
    }

    @Test func anotherNameCanBeDemanded() async throws {
        let broker = try Broker(Certificates.brokerSettings("wrong-name"))
        try await broker.start()
        let link = try MQTTLink("mqtts://127.0.0.1:\(broker.port)") {
            $0.tls.authorities = .file((try? Certificates.path("ca.pem")) ?? "")
            $0.tls.serverName = "elsewhere.example"
        }
        try await link.deliver(["a"])
    }

    @Test func showsItsCertificate() async throws {
        let broker = try Broker(Certificates.brokerSettings("good") + "\nrequire_certificate true")
        try await broker.start()
        let certificate = try Certificates.path("client.pem")
        let key = try Certificates.path("client.key")
        let authorities = TLSOptions.Authorities.file(try Certificates.path("ca.pem"))
        do {
            let link = try MQTTLink("mqtts://127.0.0.1:\(broker.port)") { $0.tls.authorities = authorities }
            // Sometimes the connection is gone before its reason was read; the next attempt finds it.
            let state = try await link.states.next(containing: "certificate required")
            #expect(state.hasPrefix("no TLS connection with the broker 127.0.0.1:\(broker.port): "))
        }
        let link = try MQTTLink("mqtts://127.0.0.1:\(broker.port)") {
            $0.tls.authorities = authorities
            ($0.tls.certificate, $0.tls.key) = (certificate, key)
        }
        try await link.deliver(["a", "b"])
    }

    @Test func namesWhatIsWrongWithOurOwnFiles() async throws {
        let (ca, client, other) = try (
            Certificates.path("ca.pem"), Certificates.path("client.pem"), Certificates.path("other.key")
        )
        func firstState(_ configure: (inout TLSOptions) -> Void) async throws -> String {
            var options = TLSOptions()
            configure(&options)
            let link = try MQTTLink("mqtts://127.0.0.1:1") { [options] in $0.tls = options }
            return String(
                try await link.states.next().dropFirst("cannot connect to the broker 127.0.0.1:1: ".count))
        }
        #expect(
            try await firstState { $0.authorities = .file("/nowhere.pem") }
                == "no authority's certificate can be read from /nowhere.pem; it must be a file in PEM form")
        #expect(
            try await firstState { $0.authorities = .pem("-----BEGIN CERTIFICATE-----\nrubbish") }
                == "the authorities' text has no certificate in PEM form")
        #expect(
            try await firstState {
                $0.authorities = .file(ca)
                $0.certificate = "/nowhere.pem"
            } == "our certificate cannot be read from /nowhere.pem; it must be a file in PEM form")
        #expect(
            try await firstState {
                $0.authorities = .file(ca)
                ($0.certificate, $0.key) = (client, other)
            } == "\(other) is not the private key of our certificate \(client), in PEM form and not encrypted")
        // That no password is asked for shows on a terminal only.
        let encrypted = try Certificates.path("encrypted.key")
        #expect(
            try await firstState {
                $0.authorities = .file(ca)
                ($0.certificate, $0.key) = (client, encrypted)
            } == "\(encrypted) is not the private key of our certificate \(client), in PEM form and not encrypted")
        #expect(
            try await firstState {
                $0.authorities = .file(ca)
                $0.serverName = ""
            } == "\"\" is no name that a certificate can have")
    }

    @Test func tellsTLSAndNoneApart() async throws {
        let secure = try Broker(Certificates.brokerSettings("good"))
        try await secure.start()
        let plain = try Broker()
        try await plain.start()
        let first = try MQTTLink("mqtt://127.0.0.1:\(secure.port)")
        try await first.states.next(containing: "is not an MQTT broker")
        let second = try MQTTLink("mqtts://127.0.0.1:\(plain.port)") {
            $0.tls.authorities = .file((try? Certificates.path("ca.pem")) ?? "")
        }
        try await second.states.next(containing: "no TLS connection with the broker 127.0.0.1:\(plain.port): ")
    }

    // Versions, brokers, status.

    @Test(arguments: [Proxy.Version5.isRefused, .isDropped])
    func fallsBackToVersion311(_ version5: Proxy.Version5) async throws {
        let broker = try Broker()
        try await broker.start()
        let proxy = try Proxy(to: broker.port, version5: version5)
        defer { proxy.stop() }
        let messages = try await broker.subscribe()
        let link = try MQTTLink("mqtt://127.0.0.1:\(proxy.port)") {
            $0.status = .init(topic: "apus/link/status")
            $0.willDelay = 60
        }
        try await link.deliver((0..<300).map(String.init))
        for number in 0..<300 { #expect(try await messages.next() == "apus/link/readings \(number)") }
        // "p2" is mosquitto's name of version 3.1.1.
        try await broker.log.next(containing: "as link (p2")
        #expect(await link.sessions == 1)
        // What refuses politely is no news at all.
        let state = try await link.states.next()
        #expect(version5 == .isDropped || state == "connected to the broker 127.0.0.1:\(proxy.port)")
    }

    /// What closed the first connection was not the broker, perhaps. One that has said that it speaks 3.1.1 only is believed.
    @Test(arguments: [Proxy.Version5.isRefused, .isDropped])
    func aSilentBrokerIsAskedInVersion5Again(_ version5: Proxy.Version5) async throws {
        let broker = try Broker()
        try await broker.start()
        let proxy = try Proxy(to: broker.port, version5: version5)
        defer { proxy.stop() }
        let link = try MQTTLink("mqtt://127.0.0.1:\(proxy.port)")
        try await link.deliver(["a"])
        try await broker.log.next(containing: "as link (p2")
        proxy.setVersion5(.passes)
        proxy.cut()
        try await link.deliver(["b"])
        try await broker.log.next(containing: version5 == .isDropped ? "as link (p5" : "as link (p2")
    }

    @Test func triesItsBrokersInTurn() async throws {
        let (first, second) = try (Broker(), Broker())
        try await second.start()
        let urls = "mqtt://127.0.0.1:\(first.port), mqtt://127.0.0.1:\(second.port)"
        let link = try MQTTLink(urls)
        try await link.deliver(["a"])
        #expect(await link.broker == "127.0.0.1:\(second.port)")
        try await link.states.next(containing: "cannot reach the broker 127.0.0.1:\(first.port)")
        try await link.states.next(containing: "connected to the broker 127.0.0.1:\(second.port)")
        try await second.stop("KILL")
        try await link.states.next(containing: "lost the connection to the broker 127.0.0.1:\(second.port)")
        try await first.start()
        try await link.deliver(["b"])
        #expect(await link.broker == "127.0.0.1:\(first.port)")
        #expect(await link.sessions == 2)
    }

    @Test func aHostThatDoesNotAnswerIsGivenUpSoon() async throws {
        // The kernel answers nobody while too many wait to be accepted.
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        let port = try freePort()
        var address = loopback(port: port)
        let connections = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer -> [Int32] in
                bind(listener, pointer, socklen_t(MemoryLayout<sockaddr_in>.size))
                listen(listener, 0)
                return (0..<4).map { _ in
                    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
                    _ = connect(descriptor, pointer, socklen_t(MemoryLayout<sockaddr_in>.size))
                    return descriptor
                }
            }
        }
        defer { for connection in connections { close(connection) } }
        let broker = try Broker()
        try await broker.start()
        let link = try MQTTLink("mqtt://127.0.0.1:\(port), mqtt://127.0.0.1:\(broker.port)") {
            $0.connectMilliseconds = 200
        }
        try await link.deliver(["a"])
        #expect(
            try await link.states.next() == "cannot reach the broker 127.0.0.1:\(port): Connection timed out")
        #expect(await link.broker == "127.0.0.1:\(broker.port)")
    }

    @Test func showsWhetherItIsThere() async throws {
        let broker = try Broker()
        try await broker.start()
        let proxy = try Proxy(to: broker.port)
        defer { proxy.stop() }
        let status = try await broker.follow("apus/link/status")
        let link = try MQTTLink("mqtt://127.0.0.1:\(proxy.port)") {
            $0.status = .init(topic: "apus/link/status")
            $0.willDelay = 0
        }
        #expect(try await status.next() == "apus/link/status online")
        // Gone without a word: the broker speaks for it, until it is back.
        proxy.pause()
        proxy.cut()
        #expect(try await status.next() == "apus/link/status offline")
        proxy.resume()
        #expect(try await status.next() == "apus/link/status online")
        await link.close()
        #expect(try await status.next() == "apus/link/status offline")
        try await broker.log.next(containing: "Received DISCONNECT from link")
        // Who comes later sees it, too.
        let later = try await broker.follow("apus/link/status")
        #expect(try await later.next() == "apus/link/status offline")
    }

    @Test func aShortBreakIsNoAbsence() async throws {
        let broker = try Broker()
        try await broker.start()
        let proxy = try Proxy(to: broker.port)
        defer { proxy.stop() }
        let status = try await broker.follow("apus/link/#")
        let link = try MQTTLink("mqtt://127.0.0.1:\(proxy.port)") { $0.status = .init(topic: "apus/link/status") }
        #expect(try await status.next() == "apus/link/status online")
        proxy.cut()
        try await link.deliver(["a"])
        var seen: [String] = []
        while seen.last != "apus/link/readings a" { seen.append(try await status.next()) }
        #expect(!seen.contains("apus/link/status offline"))
    }

    @Test func retainedMessagesAreSetAnew() async throws {
        let broker = try Broker("allow_anonymous true\npersistence false")
        try await broker.start()
        var retained = try await broker.follow("homes/#")
        let link = try MQTTLink("mqtt://127.0.0.1:\(broker.port)")
        #expect(await link.exchange?.retain(Array("1".utf8), on: "homes/a") == true)
        #expect(try await retained.next() == "homes/a 1")
        #expect(await link.exchange?.retain(Array("2".utf8), on: "homes/b") == true)
        #expect(await link.exchange?.retain(Array("3".utf8), on: "homes/b") == true)
        #expect(try await retained.next() == "homes/b 3", "of several the last counts")
        // A broker that forgot gets all of them.
        try await broker.stop("KILL")
        try await broker.start()
        retained = try await broker.follow("homes/#")
        #expect(try await Set([retained.next(), retained.next()]) == ["homes/a 1", "homes/b 3"])
    }

    /// Where acknowledgements take their time the values replace each other, and a reading has few before it.
    @Test func retainedMessagesDoNotPileUp() async throws {
        let (broker, other) = try (Broker(), Broker())
        try await broker.start()
        try await other.start()
        let proxy = try Proxy(to: broker.port, portion: (1024, 5))
        defer { proxy.stop() }
        let seen = try await broker.follow("#")
        let ticks = try await other.follow("tick")
        let link = try MQTTLink("mqtt://127.0.0.1:\(proxy.port)")
        let exchange = try #require(await link.exchange)
        // Its rounds are the clock.
        let clock = try MQTTLink("mqtt://127.0.0.1:\(other.port)")
        let clockExchange = try #require(await clock.exchange)
        let topics = (0..<50).map { "homes/\($0)" }
        func change(_ value: Int) {
            for topic in topics { _ = exchange.retain(Array("\(value)".utf8), on: topic) }
        }
        change(0)
        var awaited = Set(topics.map { "\($0) 0" })
        while !awaited.isEmpty {
            let line = try await seen.next()
            awaited.remove(line)
        }
        // Nothing is acknowledged for as long as rounds of all topics would take.
        proxy.pause()
        for value in 1...6 {
            change(value)
            _ = clockExchange.retain(Array("\(value)".utf8), on: "tick")
            try await ticks.next(containing: "tick \(value)")
        }
        async let delivered: Void = link.deliver(["a"])
        change(7)
        _ = clockExchange.retain(Array("7".utf8), on: "tick")
        try await ticks.next(containing: "tick 7")
        proxy.resume()
        awaited = Set(topics.map { "\($0) 7" } + ["apus/link/readings a"])
        var lines: [String] = []
        while !awaited.isEmpty {
            let line = try await seen.next()
            awaited.remove(line)
            lines.append(line)
        }
        try await delivered
        let place = try #require(lines.firstIndex(of: "apus/link/readings a"))
        #expect(place < topics.count / 2, "only a part of a round was in flight")
        #expect(lines.count <= 2 * topics.count + 1, "of a topic one value was in flight at most, then came the last")
        #expect(await link.sessions == 1)
        await clock.close()
    }

    // What a broker does not take.

    @Test func oneTopicThatIsDeniedBlocksNoOther() async throws {
        let broker = try Broker("allow_anonymous true\nacl_file FOLDER/acl")
        try broker.write("topic read apus/#\ntopic write apus/link/good\n", to: "acl")
        try await broker.start()
        let link = try MQTTLink("mqtt://127.0.0.1:\(broker.port)")
        let bytes = Array("x".utf8)
        try await link.deliver((0..<10).map { ($0 % 3 == 0 ? "apus/link/bad" : "apus/link/good", bytes) })
        #expect(await link.rejections.map(\.number).sorted() == [1, 4, 7, 10])
        #expect(await Set(link.rejections.map(\.reason)) == ["Not authorized"])
        // Each by itself, now that the broker has taken others.
        try await link.deliver([("apus/link/bad", bytes)])
        #expect(await link.rejections.count == 5)
    }

    @Test func rejectsWhatIsLargerThanTheBrokerTakes() async throws {
        let broker = try Broker("allow_anonymous true\nmax_packet_size 1000")
        try await broker.start()
        let link = try MQTTLink("mqtt://127.0.0.1:\(broker.port)")
        try await link.deliver(["a", String(repeating: "b", count: 2000), "c"])
        #expect(
            await link.rejections == [
                .init(number: 2, reason: "the message is larger than the 1000 bytes that the broker takes")
            ])
        #expect(await link.sessions == 1)
    }

    @Test(arguments: ["apus/+/x", "", "a/#", "a\u{0}b"]) func rejectsWhatIsNoTopic(_ topic: String) async throws {
        let broker = try Broker()
        try await broker.start()
        let link = try MQTTLink("mqtt://127.0.0.1:\(broker.port)")
        try await link.deliver([(topic, [1]), ("apus/link/readings", [2])])
        // A zero byte ends the text on its way to the library, so what it ends is a topic.
        #expect(await link.rejections.count == (topic.contains("\u{0}") ? 0 : 1))
    }

    @Test func neverHasMoreInFlightThanTheBrokerTakes() async throws {
        // It ends the connection of a client that exceeds what it said.
        let broker = try Broker("allow_anonymous true\nmax_inflight_messages 3")
        try await broker.start()
        let link = try MQTTLink("mqtt://127.0.0.1:\(broker.port)")
        try await link.deliver((0..<2000).map(String.init), window: 500)
        #expect(await link.sessions == 1)
        #expect(try await link.states.next() == "connected to the broker 127.0.0.1:\(broker.port)")
    }

    // Slow and dead ones.

    @Test func aSlowBrokerGetsAllInOrder() async throws {
        let broker = try Broker()
        try await broker.start()
        let messages = try await broker.subscribe()
        let proxy = try Proxy(to: broker.port, portion: (4096, 5))
        defer { proxy.stop() }
        let link = try MQTTLink("mqtt://127.0.0.1:\(proxy.port)")
        let filling = String(repeating: "x", count: 500)
        try await link.deliver((0..<2000).map { "\($0) \(filling)" })
        for number in 0..<2000 { #expect(try await messages.next() == "apus/link/readings \(number) \(filling)") }
        #expect(await link.sessions == 1)
    }

    @Test func noticesASilentBroker() async throws {
        let broker = try Broker()
        try await broker.start()
        let proxy = try Proxy(to: broker.port)
        defer { proxy.stop() }
        // No less is possible.
        let link = try MQTTLink("mqtt://127.0.0.1:\(proxy.port)") { $0.keepAlive = 5 }
        try await link.deliver(["a"])
        proxy.pause()
        try await link.states.next(
            containing: "lost the connection to the broker 127.0.0.1:\(proxy.port): the broker no longer answers")
        proxy.resume()
        try await link.deliver(["b"])
        #expect(await link.sessions == 2)
    }

    @Test func deliversThroughEveryRestart() async throws {
        let broker = try Broker()
        try await broker.start()
        let link = try MQTTLink("mqtt://127.0.0.1:\(broker.port)")
        async let delivered: Void = link.deliver((0..<3000).map(String.init), window: 5)
        for signal in ["KILL", "TERM", "KILL"] {
            try await link.states.next(containing: "connected")
            try await broker.stop(signal)
            try await broker.start()
        }
        try await delivered
        #expect(await link.rejections.isEmpty)
        #expect(await link.sessions >= 2)
    }
}
