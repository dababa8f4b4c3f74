import Testing

@testable import Publishing

struct HTTPOptionsTests {
    @Test func readsADevicesConfiguration() throws {
        let values = [
            "https": "https://example.org/in", "https.token": "abc", "https.ca": "/data/ca.pem",
            "https.certificate": "/data/c.pem", "https.key": "/data/k.pem", "https.name": "server.example",
            "https.format": "cbor", "https.interval": "60",
        ]
        let options = HTTPOptions { values[$0] }
        _ = try options.settings(device: "d1")
        #expect(options.url == "https://example.org/in" && options.token == "abc" && options.format == .cbor)
        #expect(options.tls.authorities == .file("/data/ca.pem") && options.tls.serverName == "server.example")
        #expect(options.tls.certificate == "/data/c.pem" && options.tls.key == "/data/k.pem")
        #expect(options.interval == .seconds(60))
    }

    @Test func hasDefaultsForAllButTheAddress() throws {
        let options = HTTPOptions { $0 == "https" ? "https://example.org" : nil }
        _ = try options.settings(device: "d1")
        #expect(options == HTTPOptions("https://example.org"))
    }

    @Test(arguments: [
        ("https.format", "xml", "https.format: \"xml\" is neither json nor cbor"),
        ("https.interval", "-1", "https.interval: \"-1\" is no number of seconds from 0 to 86400"),
        ("https.interval", "86401", "https.interval: \"86401\" is no number of seconds from 0 to 86400"),
        ("https.interval", "", "https.interval: \"\" is no number of seconds from 0 to 86400"),
        ("https.token", "", "the token must have 1 to 8000 letters"),
    ])
    func namesTheKeyThatIsWrong(_ key: String, _ value: String, _ reason: String) {
        let options = HTTPOptions { ["https": "https://a", key: value][$0] }
        #expect { try options.settings(device: "d1") } throws: { "\($0)".hasPrefix(reason) }
    }

    /// The firmware is healthy when the device can be reached through what it publishes to; a file says nothing about that.
    @Test func filesAreNoConnections() {
        #expect(Destination.areReached([.file("/x"), .standardOutput], [true, true]) == nil)
        #expect(Destination.areReached([.file("/x"), .mqtt("mqtt://a")], [false, true]) == true)
        #expect(Destination.areReached([.file("/x"), .mqtt("mqtt://a")], [true, false]) == false)
        #expect(Destination.areReached([.https("https://a"), .mqtt("mqtt://a")], [false, true]) == false)
        #expect(Destination.areReached([.https("https://a")], []) == false)
    }
}
