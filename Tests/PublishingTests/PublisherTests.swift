import Foundation
import Sensors
import Supervision
import Testing

@testable import Publishing

/// The publisher against a real broker.
@Suite(.timeLimit(.minutes(10)), .serialized)
struct PublisherTests {
    @Test func deliversInOrder() async throws {
        let broker = try Broker()
        try await broker.start()
        let messages = try await broker.subscribe()
        try await withPublisher(broker.url()) { publisher, console in
            try await post(0..<500, to: publisher)
            let received = try await receive(500, from: messages)
            #expect(received.map(\.ordinal) == Array(0..<500))
            #expect(received.map(\.number) == (0..<500).map { Double($0) / 4 })
            #expect(Set(received.map(\.name)) == ["device-1/probe/temperature"])
            #expect(Set(received.map(\.unit)) == ["Cel"])
            #expect(Set(received.map(\.boot)) == ["test-boot"])
            try await console.next(containing: "connected to the broker 127.0.0.1:\(broker.port)")
            let first = try await console.next(containing: "first reading acknowledged")
            #expect(first.wholeMatch(of: /first reading acknowledged at \d+\.\d{3} s after boot/) != nil)
            try await until(publisher) { $0.waiting == 0 }
            let statistics = await publisher.statistics
            #expect(statistics.acknowledged == 500 && statistics.dropped == 0 && statistics.isConnected)
        }
    }

    @Test func topicNamesTheDevice() async throws {
        let broker = try Broker()
        try await broker.start()
        let messages = try await broker.subscribe()
        try await withPublisher(broker.url()) { publisher, _ in
            try await post(0..<1, to: publisher)
            let message = try await messages.next()
            #expect(message.hasPrefix("apus/device-1/readings [{"))
        }
    }

    @Test func waitsForAnAbsentBroker() async throws {
        let broker = try Broker()
        try await broker.start()
        let messages = try await broker.subscribe()
        try await broker.stop("TERM")
        try await withPublisher(broker.url()) { publisher, console in
            try await post(0..<100, to: publisher)
            try await console.next(containing: "cannot reach the broker 127.0.0.1:\(broker.port): Connection refused")
            try await until(publisher) { $0.waiting == 100 }
            #expect(await !publisher.statistics.isConnected)
            try await broker.start()
            #expect(try await receive(100, from: messages).map(\.ordinal) == Array(0..<100))
            // The state was told once, however many attempts there were.
            let next = try await console.next()
            #expect(next == "connected to the broker 127.0.0.1:\(broker.port)")
        }
    }

    @Test(.enabled(if: geteuid() == 0 && access("/usr/sbin/ip", X_OK) == 0, "needs root and iproute2"))
    func networkChangeCutsTheWait() async throws {
        let broker = try Broker()
        let console = Lines()
        let publisher = makePublisher(
            broker.url(), retry: Backoff(initial: .seconds(600), maximum: .seconds(600)), console)
        try await running(publisher) {
            try await console.next(containing: "cannot reach the broker")
            try await broker.start()
            // An address of the loopback network that nobody uses.
            for change in ["add", "del"] {
                try Process.run(
                    URL(fileURLWithPath: "/usr/sbin/ip"),
                    arguments: ["address", change, "127.77.77.77/32", "dev", "lo"]
                ).waitUntilExit()
            }
            try await console.next(containing: "connected to the broker")
        }
    }

    @Test func losesNothingWhenTheBrokerIsKilled() async throws {
        let broker = try Broker()
        try await broker.start()
        let messages = try await broker.subscribe()
        try await withPublisher(broker.url()) { publisher, console in
            var received: [ResolvedRecord] = []
            for round in 0..<3 {
                // Readings come all the time: before, while and after the broker dies.
                async let posting: Void = post(round * 1000..<(round + 1) * 1000, to: publisher, pausing: true)
                try await console.next(containing: "connected")
                received += try await receive(100, from: messages)
                try await broker.stop("KILL")
                try await console.next(containing: "lost the connection to the broker")
                try await posting
                try await broker.start()
                // The broker acknowledges before it saves: what it then loses in a kill only the receiver can have.
                try await broker.log.next(containing: "Sending CONNACK to receiver")
            }
            while Set(received.map(\.ordinal)).count < 3000 { received += try await receive(1, from: messages) }
            var seen = Set<Int64>()
            let firsts = received.map(\.ordinal).filter { seen.insert($0).inserted }
            #expect(firsts == Array(0..<3000), "all of them, in order once the repeated ones are left out")
            for record in received { #expect(record.number == Double(record.ordinal) / 4) }
            #expect(await publisher.statistics.dropped == 0)
        }
    }

    @Test func tellsOnceThatTheBrokerRefuses() async throws {
        let broker = try Broker("allow_anonymous false\npassword_file FOLDER/passwords")
        try broker.setPassword("secret", of: "anna")
        try await broker.start()
        let messages = try await broker.subscribe(["-u", "anna", "-P", "secret"])
        for credentials in ["", "anna:wrong@", "anna@"] {
            try await withPublisher(broker.url(credentials: credentials)) { publisher, console in
                try await post(0..<3, to: publisher)
                try await console.next(
                    containing: "the broker 127.0.0.1:\(broker.port) refuses the connection: Not authorized")
                // Several refusals later …
                for _ in 0..<4 { try await broker.log.next(containing: "disconnected, not authorised") }
                try await until(publisher) { $0.waiting == 3 }
                console.end()
                #expect(await console.rest() == [], "… it still was said once")
            }
        }
        try await withPublisher(broker.url(credentials: "anna:secret@")) { publisher, _ in
            try await post(0..<3, to: publisher)
            #expect(try await receive(3, from: messages).map(\.ordinal) == [0, 1, 2])
        }
    }

    @Test func keepsReadingsTheBrokerDoesNotTake() async throws {
        let broker = try Broker("allow_anonymous true\nacl_file FOLDER/acl")
        try broker.write("topic read apus/#\n", to: "acl")
        try await broker.start()
        let messages = try await broker.subscribe()
        try await withPublisher(broker.url()) { publisher, console in
            try await post(0..<10, to: publisher)
            #expect(try await console.next().hasSuffix("refuses readings: Not authorized"))
            for _ in 0..<4 { try await broker.log.next(containing: "Denied PUBLISH") }
            #expect(await publisher.statistics.acknowledged == 0)
            try broker.write("topic readwrite apus/#\n", to: "acl")
            try broker.reload()
            #expect(try await receive(10, from: messages).map(\.ordinal) == Array(0..<10))
            // All those connections that came to nothing went unmentioned.
            #expect(try await console.next() == "connected to the broker 127.0.0.1:\(broker.port)")
        }
    }

    @Test(arguments: [
        (Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8), "it closed the connection without an answer"),
        ([0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], "its answer is not MQTT"),
        // A PUBACK and a PUBLISH before any CONNACK; a CONNACK whose properties are longer than itself, and half a one.
        ([0x40, 0x02, 0x00, 0x01], "its answer is not MQTT"),
        ([0x32, 0x06, 0x00, 0x01, 0x61, 0x00, 0x01, 0x00], "its answer is not MQTT"),
        ([0x20, 0x03, 0x00, 0x00, 0x05], "its answer is not MQTT"),
        ([0x20, 0x03, 0x00], "it closed the connection without an answer"),
        ([], "it closed the connection without an answer"),
    ])
    func survivesWhatIsNoBroker(_ answer: [UInt8], _ reason: String) async throws {
        let server = try OddServer(answering: answer)
        defer { server.stop() }
        try await withPublisher("mqtt://127.0.0.1:\(server.port)") { publisher, console in
            try await post(0..<3, to: publisher)
            try await console.next(
                containing: "what answers at 127.0.0.1:\(server.port) is not an MQTT broker: \(reason)")
            try await until(publisher) { $0.waiting == 3 }
        }
    }

    @Test func givesUpOnASilentServer() async throws {
        let server = try OddServer(answering: nil)
        defer { server.stop() }
        try await withPublisher("mqtt://127.0.0.1:\(server.port)") { _, console in
            try await console.next(containing: "is not an MQTT broker: no answer within 1 s")
        }
    }

    @Test func namesAnOlderBroker() async throws {
        // What an MQTT 3.1.1 broker answers to a CONNECT of version 5: "unacceptable protocol version".
        let server = try OddServer(answering: [0x20, 0x02, 0x00, 0x01])
        defer { server.stop() }
        try await withPublisher("mqtt://127.0.0.1:\(server.port)") { _, console in
            try await console.next(containing: "is not an MQTT broker: it speaks neither version 5 nor 3.1.1")
        }
    }

    @Test func namesAnUnknownHost() async throws {
        try await withPublisher("mqtt://no-such-host.invalid") { _, console in
            // Without any network the resolver calls it a temporary failure.
            try await console.next(containing: "cannot find the broker no-such-host.invalid:1883: ")
        }
    }

    @Test func dropsTheOldestWhenFull() async throws {
        let broker = try Broker()
        try await broker.start()
        let messages = try await broker.subscribe()
        try await broker.stop("TERM")
        try await withPublisher(broker.url(), capacity: 100) { publisher, console in
            try await post(0..<250, to: publisher)
            try await console.next(containing: "100 readings wait in memory; from now on the oldest make room")
            try await until(publisher) { $0.dropped == 150 }
            #expect(await publisher.statistics.waiting == 100)
            try await broker.start()
            #expect(try await receive(100, from: messages).map(\.ordinal) == Array(150..<250))
            try await console.next(containing: "are delivered; 150 had to make room since the app's start")
        }
    }

    @Test func takesWhatFoundNoRoomUntilItsEnd() async throws {
        let broker = try Broker()
        try await broker.start()
        let messages = try await broker.subscribe()
        try await broker.stop("TERM")
        var options = OutboxOptions(folder: nil)
        (options.memory, options.whenFull) = (100, .suspend)
        let console = Lines()
        let publisher = Publisher(
            to: [.mqtt(broker.url())], device: "device-1", outbox: options, overflow: .suspendSender, start: 1,
            report: { console.append($0) }, configure: { _ in })
        try await post(0..<150, to: publisher)
        try await running(publisher) { try await console.next(containing: "takes no readings until there is room") }
        try await broker.start()
        try await running(publisher) { () async throws in
            #expect(try await receive(150, from: messages).map(\.ordinal) == Array(0..<150))
            #expect(await publisher.statistics.dropped == 0)
        }
    }

    @Test func aSensorsNewestReadingTakesThePlaceOfOneThatWaits() async throws {
        let broker = try Broker()
        try await broker.start()
        let messages = try await broker.subscribe()
        let publisher = Publisher(
            to: [.mqtt(broker.url())], device: "device-1", outbox: OutboxOptions(folder: nil), overflow: .dropOldest,
            coalesces: true, start: 1, report: { _ in }, configure: { _ in })
        try await post(0..<5, to: publisher)
        try await publisher.mailbox.send(
            Reading(
                sensor: "probe", quantity: .pressure, value: .number(1), wallTime: nil, monotonicTime: 0, bootID: "b",
                sequence: 0))
        try await running(publisher) {
            let gap = try await messages.next(containing: "apus/device-1/readings ")
            #expect(gap.contains(#"outbox/gap"#) && gap.contains("mailbox") && gap.contains(#""v":4"#))
            let records = try await receive(2, from: messages)
            #expect(records.map(\.name) == ["device-1/probe/temperature", "device-1/probe/pressure"])
            #expect(records.first?.ordinal == 4 && records.map(\.sequence) == [5, 6])
        }
    }

    @Test func leavesOutWhatCannotBePublished() async throws {
        let broker = try Broker()
        try await broker.start()
        let messages = try await broker.subscribe()
        try await withPublisher(broker.url()) { publisher, console in
            for value in [1, .nan, .infinity, 2] { try await publisher.mailbox.send(reading(Int(0), .number(value))) }
            #expect(try await receive(2, from: messages).map(\.number) == [1, 2])
            try await console.next(containing: "probe reads nan, which cannot be published")
            #expect(await publisher.statistics.unpublishable == 2)
        }
    }

    @Test func queueSurvivesARestartOfTheChild() async throws {
        let broker = try Broker()
        try await broker.start()
        let messages = try await broker.subscribe()
        try await broker.stop("TERM")
        let console = Lines()
        let publisher = makePublisher(broker.url(), console)
        try await running(publisher) {
            try await post(0..<20, to: publisher)
            try await until(publisher) { $0.waiting == 20 }
        }
        // Nobody runs the publisher: these wait in the mailbox.
        try await post(20..<40, to: publisher)
        try await broker.start()
        try await running(publisher) {
            let received = try await receive(40, from: messages)
            #expect(received.map(\.ordinal) == Array(0..<40))
        }
    }

    @Test func orderlyStopDeliversWhatCameLast() async throws {
        let broker = try Broker()
        try await broker.start()
        let messages = try await broker.subscribe()
        let console = Lines()
        let publisher = makePublisher(broker.url(), console)
        try await running(publisher) {
            try await console.next(containing: "connected")
            try await post(0..<300, to: publisher)
        }
        #expect(await publisher.statistics.waiting == 0)
        #expect(try await receive(300, from: messages).map(\.ordinal) == Array(0..<300))
        try await broker.log.next(containing: "Received DISCONNECT from apus-device-1")
    }

    /// Whoever waited without need would wait for an hour here.
    @Test(arguments: [true, false]) func orderlyStopWaitsForNothingThatIsNotToCome(_ isThere: Bool) async throws {
        let broker = try Broker()
        if isThere { try await broker.start() }
        let console = Lines()
        let publisher = makePublisher(broker.url(), patience: .seconds(3600), console)
        try await running(publisher) {
            try await console.next(containing: isThere ? "connected" : "cannot reach")
            try await post(0..<300, to: publisher)
            if isThere { try await until(publisher) { $0.acknowledged == 300 } }
        }
        #expect(await publisher.statistics.waiting == (isThere ? 0 : 300))
    }

    /// The process is gone as soon as the publisher has stopped.
    @Test func theBrokerHearsOfAnOrderlyEnd() async throws {
        let broker = try Broker()
        try await broker.start()
        let status = try await broker.follow("apus/fixture/status")
        // SwiftPM puts the tests and the programs they need into the same folder.
        let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
            .appendingPathComponent("OrderlyEnd")
        for _ in 0..<10 {
            let process = try Process.run(program, arguments: ["\(broker.port)"])
            // Otherwise the broker would wait for five seconds, and log that the client closed its connection.
            let line = try await broker.log.next(containing: "apus-fixture closed its connection", or: "DISCONNECT")
            #expect(line.contains("Received DISCONNECT from apus-fixture"))
            process.waitUntilExit()
            #expect(try await status.next() == "apus/fixture/status online")
            #expect(try await status.next() == "apus/fixture/status offline")
        }
    }

    @Test func twoDevicesOfOneNameAreTold() async throws {
        let broker = try Broker()
        try await broker.start()
        try await withPublisher(broker.url()) { _, first in
            try await first.next(containing: "connected")
            try await withPublisher(broker.url()) { _, _ in
                try await first.next(containing: "lost the connection to the broker 127.0.0.1:\(broker.port): ")
            }
        }
    }

    @Test(arguments: [
        ("tcp://broker", "device", "the broker's URL is not valid: it must begin with mqtt://"),
        ("mqtt://broker", "", "the device's id \"\" is not valid"),
        ("mqtt://broker", "my device", "the device's id \"my device\" is not valid"),
        ("mqtt://broker", "a/b", "the device's id \"a/b\" is not valid"),
        ("mqtt://broker", "+", "the device's id \"+\" is not valid"),
        ("mqtt://broker", "-a", "the device's id \"-a\" is not valid"),
        ("mqtt://broker", String(repeating: "a", count: 129), "have at most 128 characters"),
    ])
    func failsToStartWithTheReason(_ url: String, _ device: String, _ reason: String) async throws {
        let publisher = Publisher(to: .mqtt(url), device: device)
        let events = Lines()
        // However long the stop takes on a busy machine: that it is orderly is what counts here.
        var child = publisher.childSpec
        child.shutdown = .unlimited
        let supervisor = try Supervisor("test", children: [child]) { events.append("\($0)") }
        let task = Task { try await supervisor.run() }
        #expect(try await events.next(containing: "failed").contains(reason))
        try await events.next(containing: "restarts in")
        task.cancel()
        try await task.value
    }
}

// Helpers.
extension PublisherTests {
    /// - Parameter retry: by default quicker than on a device, for the tests' sake.
    private func makePublisher(
        _ url: String, capacity: Int = 10_000,
        retry: Backoff = Backoff(initial: .milliseconds(20), maximum: .milliseconds(200)),
        patience: Duration = .seconds(1), _ console: Lines
    ) -> Publisher {
        var options = OutboxOptions(folder: nil)
        options.memory = capacity
        // Numbers begin at 1.
        return Publisher(
            to: [.mqtt(url)], device: "device-1", outbox: options, overflow: .dropOldest, start: 1,
            patience: patience, report: { console.append($0) },
            configure: { settings in
                settings.retry = retry
                settings.answerMilliseconds = 1000
                settings.judgementMilliseconds = 100
            })
    }

    private func withPublisher(
        _ url: String, capacity: Int = 10_000, _ body: (Publisher, Lines) async throws -> Void
    ) async throws {
        let console = Lines()
        let publisher = makePublisher(url, capacity: capacity, console)
        try await running(publisher) { try await body(publisher, console) }
    }

    /// Runs the publisher under a supervisor while the body runs, then stops it in order.
    private func running(_ publisher: Publisher, _ body: () async throws -> Void) async throws {
        let events = Lines()
        // However long the stop takes on a busy machine: that it is orderly is what counts here.
        var child = publisher.childSpec
        child.shutdown = .unlimited
        let supervisor = try Supervisor("test", children: [child]) { events.append("\($0)") }
        let task = Task { try await supervisor.run() }
        let result: Result<Void, any Error>
        do {
            // Its connections begin before it has started, and who is stopped before has nothing to end.
            try await events.next(containing: "test/publisher started")
            result = .success(try await body())
        } catch { result = .failure(error) }
        task.cancel()
        try await task.value
        try result.get()
        events.end()
        let seen = await events.rest()
        #expect(seen == ["test/publisher stopped"])
    }

    private func reading(_ sequence: Int, _ value: Reading.Value? = nil) -> Reading {
        Reading(
            sensor: "probe", quantity: .temperature, value: value ?? .number(Double(sequence) / 4),
            wallTime: 1_700_000_000_000_000_000 + Int64(sequence), monotonicTime: 0, bootID: "test-boot",
            sequence: UInt64(sequence))
    }

    /// - Parameter pausing: lets others run in between, so that the readings spread over what happens meanwhile.
    private func post(_ sequences: Range<Int>, to publisher: Publisher, pausing: Bool = false) async throws {
        for sequence in sequences {
            try await publisher.mailbox.send(reading(sequence))
            if pausing { try await Task.sleep(for: .microseconds(200)) }
        }
    }

    /// Receives messages until they held at least that many records.
    private func receive(_ count: Int, from messages: Lines) async throws -> [ResolvedRecord] {
        var records: [ResolvedRecord] = []
        while records.count < count {
            let message = try await messages.next(containing: "apus/device-1/readings ")
            records += try ResolvedRecord.resolve(String(message.dropFirst("apus/device-1/readings ".count)))
        }
        return records
    }

    /// The statistics have no event of their own; every look is a turn of the actor.
    private func until(_ publisher: Publisher, _ condition: (Publisher.Statistics) -> Bool) async throws {
        while await !condition(publisher.statistics) {
            try Task.checkCancellation()
            await Task.yield()
        }
    }
}

extension ResolvedRecord {
    /// Counted from 0, as the tests' readings are.
    fileprivate var ordinal: Int64 { sequence - 1 }
}
