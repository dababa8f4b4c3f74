import BrokerFixture
import Foundation
import HTTP
import ScriptedServer
import Sensors
import Supervision
import Testing

@testable import Publishing

/// Readings to a web server.
@Suite(.timeLimit(.minutes(5)))
struct HTTPTransportTests {
    /// What a server was asked.
    private final class Requests: Sendable {
        private let all = Lock<[ScriptedServer.Request]>([])

        func note(_ request: ScriptedServer.Request) { all.withLock { $0.append(request) } }

        var list: [ScriptedServer.Request] { all.withLock { $0 } }

        func values(of field: String) -> [String?] { list.map { Self.value(of: field, in: $0) } }

        /// The idempotency keys without their quotes and the checksum of the body.
        var keys: [String] {
            values(of: "Idempotency-Key").map { key in
                (key ?? "").dropFirst().split(separator: "/").dropLast().joined(separator: "/")
            }
        }

        static func value(of field: String, in request: ScriptedServer.Request) -> String? {
            request.text.split(separator: "\r\n").first { $0.hasPrefix("\(field): ") }
                .map { String($0.dropFirst(field.count + 2)) }
        }
    }

    /// A server that answers with a status, which a function of the request chooses.
    private func server(
        _ requests: Requests, _ status: @escaping @Sendable (ScriptedServer.Request) -> String
    ) throws -> ScriptedServer {
        try ScriptedServer { request in
            requests.note(request)
            let lines = status(request).split(separator: "\n").map(String.init)
            return .keep(ScriptedServer.Reply.answer(lines[0], Array(lines.dropFirst()), body: Array("well".utf8)))
        }
    }

    @Test(arguments: SenMLFormat.allCases) func postsBatches(format: SenMLFormat) async throws {
        let requests = Requests()
        let server = try server(requests) { _ in "201 Created" }
        defer { server.stop() }
        var options = HTTPOptions("http://anna:secret@127.0.0.1:\(server.port)/in?site=1")
        options.format = format
        let link = try await SerialLink(options)
        try await link.accept(300)
        try await link.drain()
        let list = requests.list
        #expect(
            list.map { $0.text.hasPrefix("POST /in?site=1 HTTP/1.1\r\nHost: 127.0.0.1:\(server.port)\r\n") } == [
                true, true,
            ])
        #expect(requests.values(of: "Content-Type") == [format.mediaType, format.mediaType])
        #expect(requests.values(of: "Authorization") == ["Basic YW5uYTpzZWNyZXQ=", "Basic YW5uYTpzZWNyZXQ="])
        #expect(requests.keys == ["device-1/1-256", "device-1/257-300"])
        let records = try list.flatMap { try ResolvedRecord.resolve($0.body, format).records }
        #expect(records.map(\.sequence) == Array(1...300))
        #expect(records.map(\.number) == (1...300).map(Double.init))
        #expect(try await link.console.next() == "delivers to http://127.0.0.1:\(server.port)")
    }

    /// Whoever waited without need would wait for an hour here.
    @Test func readingsOfAnIntervalGoTogether() async throws {
        let requests = Requests()
        let server = try server(requests) { _ in "200 OK" }
        defer { server.stop() }
        let link = try await SerialLink(
            HTTPOptions("http://127.0.0.1:\(server.port)/"), interval: .seconds(3600))
        // Full requests, and the first after a time of silence, go at once.
        try await link.accept(512)
        try await link.drain()
        try await link.accept(1)
        try await link.drain()
        // Those after that wait for each other.
        try await link.accept(2)
        try await link.accept(3)
        let status = await link.status.transports[0]
        #expect(status.inFlight == 0 && status.lag == 5)
        #expect(requests.keys == ["device-1/1-256", "device-1/257-512", "device-1/513-513"])
    }

    /// What is idle for longer than servers and address translations keep it is not used again.
    @Test(arguments: [true, false]) func aConnectionIsKeptForAWhile(isShort: Bool) async throws {
        let positions = Lock<[Int]>([])
        let server = try ScriptedServer { request in
            positions.withLock { $0.append(request.position) }
            return .keep(ScriptedServer.Reply.answer("204 No Content"))
        }
        defer { server.stop() }
        let link = try await SerialLink(HTTPOptions("http://127.0.0.1:\(server.port)/")) { settings in
            if isShort { settings.limits.idleLimit = .zero }
        }
        for _ in 0..<3 {
            try await link.accept(1)
            try await link.drain()
        }
        #expect(positions.withLock { $0 } == (isShort ? [0, 0, 0] : [0, 1, 2]))
    }

    @Test func anIntervalEnds() async throws {
        let requests = Requests()
        let server = try server(requests) { _ in "200 OK" }
        defer { server.stop() }
        let link = try await SerialLink(
            HTTPOptions("http://127.0.0.1:\(server.port)/"), interval: .milliseconds(20))
        for _ in 0..<5 {
            try await link.accept(1)
            try await link.drain()
        }
        #expect(requests.list.count == 5)
    }

    /// Also when more readings wait by then.
    @Test(arguments: [500, 502, 503, 301, 408, 409, 425, 429])
    func repeatsABatchWithItsKey(status: Int) async throws {
        let requests = Requests()
        let server = try server(requests) { $0.number == 0 ? "\(status) No" : "200 OK" }
        defer { server.stop() }
        let link = try await SerialLink(HTTPOptions("http://127.0.0.1:\(server.port)/"))
        try await link.accept(5)
        try await link.connect()
        try await link.console.next(containing: "the server answers \(status)")
        try await link.accept(5)
        try await link.drain()
        #expect(requests.keys == ["device-1/1-5", "device-1/1-5", "device-1/6-10"])
        #expect(Set(requests.values(of: "Idempotency-Key")).count == 2)
        #expect(await link.status.deadLetters == 0)
    }

    /// A server that goes by the draft takes no other body with a key that it knows. This one knows the first although
    /// the device does not hear of it, whose times are relative to the sending.
    @Test func aKeyIsOfOneBody() async throws {
        let requests = Requests()
        let bodies = Lock<[String: [UInt8]]>([:])
        let server = try server(requests) { request in
            let key = Requests.value(of: "Idempotency-Key", in: request) ?? ""
            let known = bodies.withLock { bodies -> [UInt8]? in
                defer { bodies[key] = bodies[key] ?? request.body }
                return bodies[key]
            }
            if let known, known != request.body { return "422 Unprocessable Content" }
            return request.number == 0 ? "502 Bad Gateway" : "201 Created"
        }
        defer { server.stop() }
        let link = try await SerialLink(HTTPOptions("http://127.0.0.1:\(server.port)/"))
        try await link.accept(1, isClockSet: false)
        try await link.drain()
        #expect(requests.keys == ["device-1/1-1", "device-1/1-1"])
        #expect(Set(requests.list.map(\.body)).count == 2)
        #expect(await link.status.deadLetters == 0)
    }

    /// Some of what the server was sent may have arrived: it gets it again, under the same key.
    @Test func repeatsABatchThatWasNotAnswered() async throws {
        let requests = Requests()
        let server = try ScriptedServer { request in
            requests.note(request)
            return switch request.number {
            case 0: .stall([])
            // The first one on a connection that was there already, which is taken for one that had ended before.
            case 1, 2: .close(Array("HTTP/1.1 2".utf8))
            default: .keep(ScriptedServer.Reply.answer("204 No Content"))
            }
        }
        defer { server.stop() }
        let link = try await SerialLink(HTTPOptions("http://127.0.0.1:\(server.port)/")) { settings in
            settings.limits.answerLimit = .milliseconds(300)
        }
        try await link.accept(5)
        try await link.drain()
        #expect(requests.keys == Array(repeating: "device-1/1-5", count: 4))
        #expect(Set(requests.values(of: "Idempotency-Key")).count == 1)
        try await link.console.next(containing: "127.0.0.1 did not answer in time")
        try await link.console.next(containing: "127.0.0.1 ended the connection in the middle of its answer")
        try await link.console.next(containing: "delivers to")
    }

    @Test func waitsAsLongAsItIsAskedTo() async throws {
        let times = Lock<[ContinuousClock.Instant]>([])
        let server = try ScriptedServer { request in
            times.withLock { $0.append(.now) }
            return .keep(
                request.number == 0
                    ? ScriptedServer.Reply.answer("429 Too Many Requests", ["Retry-After: 1"])
                    : ScriptedServer.Reply.answer("200 OK"))
        }
        defer { server.stop() }
        let link = try await SerialLink(HTTPOptions("http://127.0.0.1:\(server.port)/"))
        try await link.accept(1)
        try await link.drain()
        let seen = times.withLock { $0 }
        try #require(seen.count == 2)
        #expect(seen[1] - seen[0] >= .seconds(1))
    }

    @Test func putsAsideWhatTheServerWillNeverTake() async throws {
        let taken = Lock<[Int64]>([])
        let server = try ScriptedServer { request in
            guard let records = try? ResolvedRecord.resolve(request.body, .json).records else {
                return .keep(ScriptedServer.Reply.answer("500 What"))
            }
            if records.contains(where: { $0.sequence == 7 }) {
                return .keep(ScriptedServer.Reply.answer("422 Unprocessable Content"))
            }
            taken.withLock { $0 += records.map(\.sequence) }
            return .keep(ScriptedServer.Reply.answer("200 OK"))
        }
        defer { server.stop() }
        let link = try await SerialLink(HTTPOptions("http://127.0.0.1:\(server.port)/"))
        try await link.accept(20)
        try await link.drain()
        #expect(taken.withLock { $0.sorted() } == (1...20).filter { $0 != 7 })
        #expect(await link.status.deadLetters == 1)
        try await link.console.next(
            containing: "refuses the reading number 7: http://127.0.0.1:\(server.port)/: the server answers 422")
    }

    /// As a proxy on the way that was set up wrong.
    @Test func aServerThatTakesNothingIsNotBelieved() async throws {
        let isHealed = Lock(false)
        let server = try ScriptedServer { _ in
            .keep(ScriptedServer.Reply.answer(isHealed.withLock { $0 } ? "200 OK" : "400 Bad Request"))
        }
        defer { server.stop() }
        let link = try await SerialLink(HTTPOptions("http://127.0.0.1:\(server.port)/")) { settings in
            settings.doubtPause = .seconds(1)
        }
        try await link.accept(1000)
        let drained = Task { try await link.drain() }
        // The one that ends the connection, not one that puts a reading aside.
        while try await !link.console.next().hasPrefix("http://127.0.0.1:\(server.port)/: the server answers 400") {}
        let letters = await link.status.deadLetters
        #expect(letters > 100 && letters < OutboxDatabase.mostDeadLetters / 3)
        isHealed.withLock { $0 = true }
        // It is asked again: some may be wrong, and the others have to get their turn.
        try await drained.value
        #expect(await link.status.deadLetters < 1000)
    }

    /// Says nothing about readings, such as a wrong token.
    @Test(arguments: [401, 402, 403, 404, 405, 407, 410, 415, 431, 451])
    func keepsReadingsWhenItIsTurnedAway(status: Int) async throws {
        let requests = Requests()
        let server = try server(requests) { $0.number < 5 ? "\(status) No" : "200 OK" }
        defer { server.stop() }
        var options = HTTPOptions("http://127.0.0.1:\(server.port)/")
        options.token = "abc.DEF-1=="
        let link = try await SerialLink(options)
        try await link.accept(1)
        try await link.drain()
        #expect(await link.status.deadLetters == 0)
        #expect(requests.values(of: "Authorization") == Array(repeating: "Bearer abc.DEF-1==", count: 6))
        #expect(try await link.console.next().contains("the server answers \(status)"))
        // Said once.
        #expect(try await link.console.next().hasPrefix("delivers to"))
    }

    @Test func waitsForAnAbsentServer() async throws {
        let port = try freePort()
        let link = try await SerialLink(HTTPOptions("http://127.0.0.1:\(port)/"))
        try await link.console.next(containing: "127.0.0.1 cannot be reached: Connection refused")
        #expect(await link.status.transports.map(\.isConnected) == [false])
    }

    @Test(arguments: [
        ("ftp://host/", nil, "the server: the URL is not valid: it must begin with http:// or https://"),
        ("https://a:b@host/", "token", "the server gets a user or a token, not both"),
        ("https://host/", "a\r\nb: c", "the token must have"), ("https://host/", "", "the token must have"),
    ])
    func refusesOptions(url: String, token: String?, reason: String) {
        var options = HTTPOptions(url)
        options.token = token
        let error = #expect(throws: HTTPOptions.Problem.self) { try options.settings(device: "device-1") }
        #expect(error?.description.hasPrefix(reason) == true)
    }
}

// With TLS, against OpenSSL's own server.
extension HTTPTransportTests {
    /// Sends every client the same answer, and shows what it got.
    private final class SecureServer {
        let output = Lines()
        private let process = Process()
        private let input = Pipe()
        private(set) var port = 0

        init(_ certificate: String, _ options: [String] = []) async throws {
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            // Ends by itself should the tests be killed.
            process.arguments =
                ["timeout", "120", "openssl", "s_server", "-accept", "127.0.0.1:0"]
                + ["-cert", try Certificates.path("\(certificate).pem"), "-key", try Certificates.path("server.key")]
                + options
            process.standardInput = input
            let pipe = Pipe()
            process.standardOutput = pipe
            process.standardError = FileHandle.nullDevice
            try process.run()
            output.follow(pipe.fileHandleForReading)
            let line = try await output.next(containing: "ACCEPT 127.0.0.1:")
            port = Int(line.split(separator: ":").last ?? "") ?? 0
        }

        deinit { process.terminate() }

        /// To the client that is there, or to the next one.
        func answer(_ text: String) throws { try input.fileHandleForWriting.write(contentsOf: Data(text.utf8)) }
    }

    @Test(arguments: ["file", "text", "name"]) func deliversOverTLS(authority: String) async throws {
        let server = try await SecureServer("good")
        var options = HTTPOptions("https://\(authority == "name" ? "127.0.0.1" : "localhost"):\(server.port)/in")
        options.tls.authorities =
            authority == "text"
            ? .pem(try String(contentsOfFile: Certificates.path("ca.pem"), encoding: .utf8))
            : .file(try Certificates.path("ca.pem"))
        if authority == "name" { options.tls.serverName = "localhost" }
        let link = try await SerialLink(options)
        try await link.accept(3)
        try await link.connect()
        try await server.output.next(containing: "POST /in HTTP/1.1")
        try await server.output.next(containing: "Idempotency-Key: \"device-1/1-3/")
        try server.answer("HTTP/1.1 204 No Content\r\n\r\n")
        try await link.drain()
    }

    @Test(arguments: [
        ("wrong-name", "ca", "127.0.0.1 cannot be trusted: IP address mismatch"),
        ("expired", "ca", "127.0.0.1 cannot be trusted: certificate has expired, by this device's clock"),
        ("untrusted", "ca", "127.0.0.1 cannot be trusted: unable to get local issuer certificate"),
        ("good", "none", "no authority's certificate can be read from"),
    ])
    func sendsNothingToWhomItDoesNotTrust(certificate: String, authority: String, reason: String) async throws {
        let server = try await SecureServer(certificate)
        var options = HTTPOptions("https://127.0.0.1:\(server.port)/in")
        options.tls.authorities = .file(try Certificates.path("\(authority).pem"))
        let link = try await SerialLink(options)
        try await link.accept(3)
        try await link.console.next(containing: reason)
        #expect(await link.status.depth == 3)
    }

    @Test func showsItsCertificate() async throws {
        let server = try await SecureServer(
            "good", ["-Verify", "1", "-verify_return_error", "-CAfile", try Certificates.path("ca.pem")])
        var options = HTTPOptions("https://127.0.0.1:\(server.port)/in")
        options.tls.authorities = .file(try Certificates.path("ca.pem"))
        let stranger = try await SerialLink(options)
        try await stranger.accept(1)
        try await stranger.connect()
        try await stranger.console.next(containing: "127.0.0.1 cannot be trusted: tlsv13 alert certificate required")
        options.tls.certificate = try Certificates.path("client.pem")
        options.tls.key = try Certificates.path("client.key")
        let link = try await SerialLink(options)
        try await link.accept(3)
        try await link.connect()
        try await server.output.next(containing: "Idempotency-Key: \"device-1/1-3/")
        try server.answer("HTTP/1.1 204 No Content\r\n\r\n")
        try await link.drain()
    }
}
