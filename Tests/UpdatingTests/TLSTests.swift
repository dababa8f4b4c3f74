import Foundation
import ScriptedServer
import Testing

@testable import HTTP
@testable import Updating

/// https against OpenSSL's own server.
struct TLSTests {
    /// Certificates and a folder to serve, gone with the test.
    private final class Place {
        let folder = URL(fileURLWithPath: "/tmp/apus-tls-\(UInt64.random(in: .min ... .max))")
        private var servers: [Process] = []

        init() throws {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try Data(content).write(to: folder.appendingPathComponent("b.apus"))
            for name in ["ca", "other"] {
                try openssl(
                    "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout \(name).key -out \(name).pem "
                        + "-days 2 -subj /CN=\(name)")
            }
            try openssl(
                "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key -out server.csr -subj /CN=x")
            try certificate("good", names: "IP:127.0.0.1,DNS:localhost", authority: "ca", days: 2)
            try certificate("wrong-name", names: "DNS:elsewhere.example", authority: "ca", days: 2)
            try certificate("expired", names: "IP:127.0.0.1", authority: "ca", days: -1)
            try certificate("untrusted", names: "IP:127.0.0.1", authority: "other", days: 2)
        }

        deinit {
            for server in servers { server.terminate() }
            try? FileManager.default.removeItem(at: folder)
        }

        private func certificate(_ name: String, names: String, authority: String, days: Int) throws {
            try Data("subjectAltName=\(names)\n".utf8).write(to: folder.appendingPathComponent("names"))
            try openssl(
                "x509 -req -in server.csr -CA \(authority).pem -CAkey \(authority).key -CAcreateserial -extfile names "
                    + "-days \(days) -out \(name).pem")
        }

        private func openssl(_ arguments: String) throws {
            let process = process(["openssl"] + arguments.split(separator: " ").map(String.init))
            try process.run()
            process.waitUntilExit()
            #expect(process.terminationStatus == 0)
        }

        private func process(_ arguments: [String]) -> Process {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = arguments
            process.currentDirectoryURL = folder
            process.standardError = FileHandle.nullDevice
            process.standardOutput = FileHandle.nullDevice
            process.standardInput = FileHandle.nullDevice
            return process
        }

        /// Starts a server and returns its port.
        func serve(_ certificate: String, _ options: [String] = []) throws -> Int {
            // Ends by itself should the tests be killed.
            let arguments = [
                "timeout", "120", "openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", "\(certificate).pem",
                "-key",
                "server.key", "-WWW",
            ]
            let server = process(arguments + options)
            let output = Pipe()
            server.standardOutput = output
            try server.run()
            servers.append(server)
            var text = ""
            while !text.contains("ACCEPT 127.0.0.1:") || !text.hasSuffix("\n") {
                let data = output.fileHandleForReading.availableData
                try #require(!data.isEmpty)
                text += String(decoding: data, as: UTF8.self)
            }
            let start = try #require(text.range(of: "ACCEPT 127.0.0.1:")).upperBound
            return try #require(Int(text[start...].prefix { $0.isNumber }))
        }

        func source(_ port: Int, host: String = "127.0.0.1", authority: String = "ca.pem") throws -> HTTPSource {
            var settings = HTTPSettings()
            settings.certificates = folder.appendingPathComponent(authority).path
            settings.pause = { _ in }
            return HTTPSource(try HTTPURL("https://\(host):\(port)/b.apus"), settings: settings)
        }
    }

    private static let content = TestFirmware.fill(4, count: 50_000)

    @Test(arguments: ["127.0.0.1", "localhost"]) func fetchesOverTLS(host: String) throws {
        let place = try Place()
        let source = try place.source(place.serve("good"), host: host)
        #expect(try source.read(at: 100, count: 40_000) == Array(Self.content[100..<40_100]))
    }

    @Test(arguments: [
        ("wrong-name", "IP address mismatch"), ("expired", "certificate has expired"),
        ("untrusted", "unable to get local issuer certificate"),
    ])
    func refusesWrongCertificates(certificate: String, reason: String) throws {
        let place = try Place()
        let source = try place.source(place.serve(certificate))
        let error = #expect(throws: UpdateError.self) { try source.read(at: 0, count: 10) }
        #expect(error == .http(.insecure("127.0.0.1", reason: reason)))
        #expect(source.fetched == 0)
    }

    @Test func refusesToBeSentFromHTTPSToHTTP() throws {
        let place = try Place()
        // Sent as it stands in the file (-HTTP): to a server that nobody must ask.
        let answer = "HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:9/b.apus\r\nContent-Length: 0\r\n\r\n"
        try Data(answer.utf8).write(to: place.folder.appendingPathComponent("b.apus"))
        let port = try place.serve("good", ["-HTTP"])
        let source = try place.source(port)
        let error = #expect(throws: UpdateError.self) { try source.read(at: 0, count: 10) }
        #expect(error == .http(.insecureRedirect("https://127.0.0.1:\(port)")))
    }

    @Test func refusesOldVersionsOfTLS() throws {
        let place = try Place()
        let source = try place.source(place.serve("good", ["-tls1_1", "-cipher", "DEFAULT:@SECLEVEL=0"]))
        let error = #expect(throws: UpdateError.self) { try source.read(at: 0, count: 10) }
        guard case .http(.insecure) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func saysThatCertificatesAreMissing() throws {
        let place = try Place()
        let source = try place.source(place.serve("good"), authority: "none.pem")
        let error = #expect(throws: UpdateError.self) { try source.read(at: 0, count: 10) }
        guard case .http(.noCertificates) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    /// What the proxy sees is CONNECT and then nothing it can read.
    @Test func fetchesThroughATunnel() throws {
        let place = try Place()
        let port = try place.serve("good")
        let proxy = try TunnelProxy(to: port)
        var settings = HTTPSettings()
        settings.certificates = place.folder.appendingPathComponent("ca.pem").path
        settings.proxies.https = "http://u:p@127.0.0.1:\(proxy.port)"
        // The proxy, not this machine, finds the server.
        settings.search = { host, port in
            host == "127.0.0.1"
                ? Resolver.systemSearch(host, port) : .failure(.init(reason: "asked for \(host)", mayPass: false))
        }
        let source = HTTPSource(try HTTPURL("https://localhost:\(port)/b.apus"), settings: settings)
        #expect(try source.read(at: 100, count: 40_000) == Array(Self.content[100..<40_100]))
        let seen = proxy.seen
        #expect(!seen.isEmpty)
        for connection in seen {
            let text = String(decoding: connection.prefix(200), as: UTF8.self)
            let head = "CONNECT localhost:\(port) HTTP/1.1\r\nHost: localhost:\(port)\r\n"
            #expect(text.hasPrefix("\(head)Proxy-Authorization: Basic dTpw\r\n\r\n"))
            // Then TLS: a handshake's record.
            #expect(connection.firstRange(of: Array("\r\n\r\n".utf8)).map { connection[$0.upperBound] } == 0x16)
            #expect(!connection.contains(Array("b.apus".utf8)))
        }
    }

    @Test func theProxyMustAgree() throws {
        let place = try Place()
        let proxy = try ScriptedServer { request in
            .close(
                ScriptedServer.Reply.answer(request.text.hasPrefix("CONNECT elsewhere:443 ") ? "403 No" : "500 What"))
        }
        var settings = HTTPSettings()
        settings.certificates = place.folder.appendingPathComponent("ca.pem").path
        settings.proxies.https = "127.0.0.1:\(proxy.port)"
        let source = HTTPSource(try HTTPURL("https://elsewhere/b.apus"), settings: settings)
        let error = #expect(throws: UpdateError.self) { try source.read(at: 0, count: 10) }
        #expect(error == .http(.proxy("it answers 403 when asked for a way to elsewhere:443")))
    }
}
