import Bundle
import ScriptedServer
import Synchronization
import Testing

@testable import HTTP
@testable import Updating

struct HTTPSourceTests {
    private static let content = TestFirmware.fill(3, count: 100_000)

    /// Quick limits, no pauses.
    private static func settings(_ change: (inout HTTPSettings) -> Void = { _ in }) -> HTTPSettings {
        var settings = HTTPSettings()
        settings.pause = { _ in }
        settings.answerLimit = .milliseconds(300)
        settings.progressLimit = .milliseconds(300)
        change(&settings)
        return settings
    }

    private static func source(
        _ server: ScriptedServer, _ path: String = "/b.apus", settings: HTTPSettings = settings()
    ) throws -> HTTPSource {
        HTTPSource(try HTTPURL("http://127.0.0.1:\(server.port)\(path)"), settings: settings)
    }

    @Test func fetchesRangesOnOneConnection() throws {
        let server = try ScriptedServer { .keep(ScriptedServer.Reply.file(Self.content, $0)) }
        let source = try Self.source(server)
        source.expect([0..<1000, 5000..<9000])
        #expect(try source.read(at: 0, count: 10) == Array(Self.content[..<10]))
        #expect(try source.read(at: 10, count: 990) == Array(Self.content[10..<1000]))
        // A gap within an expected range is passed over.
        #expect(try source.read(at: 5000, count: 100) == Array(Self.content[5000..<5100]))
        #expect(try source.read(at: 8000, count: 1000) == Array(Self.content[8000..<9000]))
        // And what nobody expected is read all the same.
        #expect(try source.read(at: 20_000, count: 5) == Array(Self.content[20_000..<20_005]))
        #expect(source.size == 100_000)
        // The three ranges and what three requests and answers take.
        #expect((5005..<6500).contains(source.fetched))
    }

    @Test func takesABrokenConnectionUpAgain() throws {
        // Each answer ends after 7000 bytes of body.
        let server = try ScriptedServer { request in
            let answer = ScriptedServer.Reply.file(Self.content, request)
            return .close(Array(answer.prefix(7000)))
        }
        let source = try Self.source(server)
        source.expect([0..<100_000])
        #expect(try source.read(at: 0, count: 100_000) == Self.content)
        #expect(source.fetched < 110_000)
    }

    @Test func worksWithAServerWithoutRanges() throws {
        let server = try ScriptedServer { request in
            // The first one breaks off.
            let answer = ScriptedServer.Reply.answer("200 OK", body: Self.content)
            return .close(request.number == 0 ? Array(answer.prefix(30_000)) : answer)
        }
        let source = try Self.source(server)
        source.expect([10..<20, 60_000..<60_100])
        #expect(try source.read(at: 10, count: 10) == Array(Self.content[10..<20]))
        #expect(try source.read(at: 60_000, count: 100) == Array(Self.content[60_000..<60_100]))
    }

    @Test(arguments: ["chunked", "close"]) func readsAllKindsOfBodies(kind: String) throws {
        let server = try ScriptedServer { _ in
            if kind == "close" { return .close(Array("HTTP/1.0 200 OK\r\n\r\n".utf8) + Self.content) }
            var bytes = Array("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".utf8)
            for start in stride(from: 0, to: Self.content.count, by: 777) {
                let part = Self.content[start..<min(start + 777, Self.content.count)]
                bytes += Array("\(String(part.count, radix: 16));x=y\r\n".utf8) + part + [13, 10]
            }
            return .keep(bytes + Array("0\r\nTrailer: 1\r\n\r\n".utf8))
        }
        let source = try Self.source(server)
        #expect(try source.read(at: 0, count: 100_000) == Self.content)
    }

    @Test func noticesAnotherFile() throws {
        let server = try ScriptedServer { request in
            .keep(ScriptedServer.Reply.file(Self.content, tag: request.number == 0 ? "\"1\"" : "\"2\"", request))
        }
        let source = try Self.source(server)
        source.expect([0..<10, 20..<30])
        _ = try source.read(at: 0, count: 10)
        #expect(throws: UpdateError.sourceChanged(source.name)) { try source.read(at: 20, count: 10) }
    }

    @Test func noticesAnotherSize() throws {
        let server = try ScriptedServer { request in
            let content = request.number == 0 ? Self.content : Array(Self.content.dropLast())
            return .keep(ScriptedServer.Reply.file(content, request))
        }
        let source = try Self.source(server)
        _ = try source.read(at: 0, count: 10)
        #expect(throws: UpdateError.sourceChanged(source.name)) { try source.read(at: 20, count: 10) }
    }

    @Test func endsWhereTheFileDoes() throws {
        let server = try ScriptedServer { .keep(ScriptedServer.Reply.file(Self.content, $0)) }
        let source = try Self.source(server)
        #expect(throws: UpdateError.bundle(.truncated(size: 100_000))) { try source.read(at: 99_990, count: 20) }
    }

    @Test func followsRedirects() throws {
        let server = try ScriptedServer { request in
            request.text.hasPrefix("GET /b.apus ")
                ? .keep(ScriptedServer.Reply.answer("302 Found", ["Location: other/c.apus"]))
                : .keep(ScriptedServer.Reply.file(Self.content, request))
        }
        let source = try Self.source(server)
        #expect(try source.read(at: 5, count: 10) == Array(Self.content[5..<15]))
    }

    @Test(arguments: [5, 6]) func redirectsHaveALimit(count: Int) throws {
        let asked = Atomic<Int>(0)
        let server = try ScriptedServer { request in
            asked.add(1, ordering: .relaxed)
            return request.number < count
                ? .keep(ScriptedServer.Reply.answer("302 Found", ["Location: /\(request.number)"]))
                : .keep(ScriptedServer.Reply.file(Self.content, request))
        }
        let source = try Self.source(server)
        if count == 5 {
            #expect(try source.read(at: 5, count: 10) == Array(Self.content[5..<15]))
        } else {
            let error = UpdateError.http(.tooManyRedirects("http://127.0.0.1:\(server.port)", limit: 5))
            #expect(throws: error) { try source.read(at: 5, count: 10) }
        }
        #expect(asked.load(ordering: .relaxed) == 6)
    }

    /// What a server does wrong, and what comes of it.
    @Test(arguments: [
        ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "404"),
        ("HTTP/1.1 302 Found\r\nLocation: /b.apus\r\nContent-Length: 0\r\n\r\n", "more than 5 times"),
        ("HTTP/1.1 302 Found\r\nLocation: gopher://x/\r\nContent-Length: 0\r\n\r\n", "an address that is none"),
        ("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", "to nowhere"),
        (
            "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 5-14/100\r\nContent-Length: 10\r\n\r\n0123456789",
            "another range"
        ),
        (
            "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-9/100\r\nContent-Length: 4\r\n\r\n0123",
            "another number of bytes"
        ),
        (
            "HTTP/1.1 206 Partial Content\r\nContent-Type: multipart/byteranges\r\nContent-Length: 0\r\n\r\n",
            "another range"
        ),
        ("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n0123", "encoded as gzip"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n01234", "length more than once"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n01234", "length more than once"),
        ("HTTP/1.1 200 OK\r\nContent-Length: -4\r\n\r\n01234", "length is no number"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 9999999999999999999\r\n\r\n01234", "length is no number"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n01234", "transfer encoding"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "no size"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", "no size"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxx\r\n", "too long"),
        ("HTTP/1.1 200 OK\nContent-Length: 4\n\n\r\n\r\n0123", "does not end with CR and LF"),
        ("HTTP/1.1 200 OK\r\n Folded: x\r\n\r\n", "no name"),
        ("HTTP/1.1 200 OK\r\nA\u{0}B: x\r\n\r\n", "no name"),
        ("HTTP/2 200\r\n\r\n", "not HTTP/1.1"),
        ("SSH-2.0-OpenSSH_9.2\r\n\r\n", "not HTTP/1.1"),
        ("HTTP/1.1 100 Continue\r\n\r\n", "cut"),
    ])
    func refusesWrongAnswers(answer: String, reason: String) throws {
        let server = try ScriptedServer { _ in
            // A redirect to itself is asked for on the same connection.
            answer.contains("302") ? .keep(Array(answer.utf8)) : .close(Array(answer.utf8))
        }
        let source = try Self.source(server)
        let error = #expect(throws: UpdateError.self) { try source.read(at: 0, count: 10) }
        let text = try #require(error).fact
        #expect(text.contains(reason) || reason == "cut" && text.contains("in the middle"), "\(text)")
        #expect(error?.exitCode == .network)
        #expect(error?.remedy.isEmpty == false)
    }

    @Test func headersAreBounded() throws {
        let server = try ScriptedServer { _ in
            .stall(Array(("HTTP/1.1 200 OK\r\n" + String(repeating: "X: yyyyyyyy\r\n", count: 5000)).utf8))
        }
        let error = #expect(throws: UpdateError.self) { try Self.source(server).read(at: 0, count: 10) }
        #expect(try #require(error).fact.contains("longer than 16384 bytes"))
        let many = try ScriptedServer { _ in
            .keep(Array(("HTTP/1.1 200 OK\r\n" + String(repeating: "X: y\r\n", count: 500) + "\r\n").utf8))
        }
        let other = #expect(throws: UpdateError.self) { try Self.source(many).read(at: 0, count: 10) }
        #expect(try #require(other).fact.contains("too many fields"))
    }

    /// Silence before the answer, and in the middle of it.
    @Test(arguments: [0, 3000]) func everyStepHasADeadline(bytes: Int) throws {
        let server = try ScriptedServer { request in
            .stall(request.number == 0 ? Array(ScriptedServer.Reply.file(Self.content, request).prefix(bytes)) : [])
        }
        var settings = Self.settings()
        settings.maximumRetries = 2
        let source = try Self.source(server, settings: settings)
        source.expect([0..<50_000])
        let error = #expect(throws: UpdateError.self) { try source.read(at: 0, count: 50_000) }
        #expect(try #require(error).fact.contains("in time"))
    }

    @Test func failsAtOnceWhereNothingAnswers() throws {
        // A port that was free a moment ago.
        let server = try ScriptedServer { _ in .close([]) }
        let port = server.port
        server.stop()
        var pauses = 0
        let source = HTTPSource(try HTTPURL("http://127.0.0.1:\(port)/"), settings: Self.settings())
        source.onRetry = { _, _ in pauses += 1 }
        #expect(throws: UpdateError.self) { try source.read(at: 0, count: 10) }
        #expect(pauses == 0)
    }

    @Test func asksTheProxy() throws {
        let proxy = try ScriptedServer { request in
            request.text.hasPrefix("GET http://device.invalid/b.apus HTTP/1.1\r\nHost: device.invalid\r\n")
                && request.text.contains("Proxy-Authorization: Basic dTpw\r\n")
                ? .keep(ScriptedServer.Reply.file(Self.content, request))
                : .close(ScriptedServer.Reply.answer("400 Bad Request"))
        }
        let settings = Self.settings { $0.proxies.http = "http://u:p@127.0.0.1:\(proxy.port)" }
        let source = HTTPSource(try HTTPURL("http://device.invalid/b.apus"), settings: settings)
        #expect(try source.read(at: 7, count: 10) == Array(Self.content[7..<17]))
    }

    @Test func keepsToARate() throws {
        let server = try ScriptedServer { .keep(ScriptedServer.Reply.file(Self.content, $0)) }
        final class Total: @unchecked Sendable { var nanoseconds: Int64 = 0 }  // Used by one thread.
        let total = Total()
        let settings = Self.settings {
            $0.rateLimit = 10_000_000
            $0.pause = { total.nanoseconds += $0.nanoseconds }
        }
        let source = try Self.source(server, settings: settings)
        source.expect([0..<100_000])
        _ = try source.read(at: 0, count: 100_000)
        // 10 ms worth of bytes; nothing really waits here, so each pause adds to those before.
        #expect(total.nanoseconds >= 5_000_000)
    }
}
