import Testing

@testable import Publishing

struct BrokerURLTests {
    private static let wrongStart =
        "it must begin with mqtt:// or, with TLS, mqtts://, as in mqtts://broker.example:8883"

    @Test(arguments: [
        ("mqtt://broker", "broker", 1883), ("mqtt://broker.example:8883", "broker.example", 8883),
        ("mqtt://10.0.2.2", "10.0.2.2", 1883), ("mqtt://10.0.2.2:1/", "10.0.2.2", 1),
        ("mqtt://[::1]", "::1", 1883), ("mqtt://[fe80::1%eth0]:65535", "fe80::1%eth0", 65535),
        ("mqtt://raspberrypi.local", "raspberrypi.local", 1883), ("mqtt://my_broker-2:1883", "my_broker-2", 1883),
    ])
    func readsHostAndPort(_ text: String, _ host: String, _ port: Int) throws {
        let url = try BrokerURL(text)
        #expect(url.host == host)
        #expect(url.port == port)
        #expect(url.user == nil)
        #expect(url.password == nil)
    }

    @Test(
        arguments: [
            ("mqtt://anna@broker", "anna", nil), ("mqtt://anna:@broker", "anna", ""),
            ("mqtt://anna:secret@broker", "anna", "secret"), ("mqtt://anna:se:cret@broker", "anna", "se:cret"),
            ("mqtt://anna:p@ss@broker", "anna", "p@ss"),
            ("mqtt://a%3An%40a:%2Fse%25cret%C3%A4@broker", "a:n@a", "/se%cretä"),
        ] as [(String, String, String?)])
    func readsCredentials(_ text: String, _ user: String, _ password: String?) throws {
        let url = try BrokerURL(text)
        #expect(url.user == user)
        #expect(url.password == password)
        #expect(url.host == "broker")
    }

    @Test(arguments: [
        ("", Self.wrongStart),
        ("broker:1883", Self.wrongStart),
        ("mqttss://broker", Self.wrongStart), ("mqtts:/broker", Self.wrongStart),
        ("http://broker", Self.wrongStart),
        ("mqtt://", "it names no host"), ("mqtt:///", "it names no host"), ("mqtt://:1883", "it names no host"),
        ("mqtt://anna:secret@", "it names no host"), ("mqtt://@broker", "the user before the @ is empty"),
        ("mqtt://:secret@broker", "the user before the @ is empty"),
        ("mqtt://broker:", "the port \"\" is not a number from 1 to 65535"),
        ("mqtt://broker:0", "the port \"0\" is not a number from 1 to 65535"),
        ("mqtt://broker:65536", "the port \"65536\" is not a number from 1 to 65535"),
        ("mqtt://broker:+1", "the port \"+1\" is not a number from 1 to 65535"),
        ("mqtt://broker:1x", "the port \"1x\" is not a number from 1 to 65535"),
        ("mqtt://broker:99999999999999999999", "the port \"99999999999999999999\" is not a number from 1 to 65535"),
        ("mqtt://::1", "it names no host"), ("mqtt://fe80::1", "an IPv6 address must stand in brackets"),
        ("mqtt://[::1", "the [ before the IPv6 address has no ]"),
        ("mqtt://[broker]", "what stands in brackets is not an IPv6 address"),
        ("mqtt://[]", "what stands in brackets is not an IPv6 address"),
        ("mqtt://[::1]x", "only a port may follow the IPv6 address"),
        ("mqtt://broker/topic", "nothing may follow the host and the port"),
        ("mqtt://broker?x=1", "nothing may follow the host and the port"),
        ("mqtt://bro$ker", "the host contains a character that no host name has"),
        ("mqtt://brökèr", "the host contains a character that no host name has"),
        ("mqtt://bro ker", "it contains a space or a control character"),
        ("mqtt://broker\n", "it contains a space or a control character"),
        ("mqtt://an%4@broker", "a % before the @ is not followed by two hexadecimal digits"),
        ("mqtt://an%zz@broker", "a % before the @ is not followed by two hexadecimal digits"),
        ("mqtt://an%00na@broker", "the user or the password is not UTF-8 text"),
        ("mqtt://anna:%FF@broker", "the user or the password is not UTF-8 text"),
    ])
    func refusesWithTheReason(_ text: String, _ problem: String) {
        #expect(throws: BrokerURL.ParseError(problem: problem)) { try BrokerURL(text) }
    }

    @Test func tellsTLSFromNone() throws {
        #expect(try !BrokerURL("mqtt://broker").isSecure)
        let secure = try BrokerURL("mqtts://anna:secret@broker")
        #expect(secure.isSecure && secure.host == "broker" && secure.port == 8883 && secure.password == "secret")
        #expect(try BrokerURL("mqtts://[::1]:1883/").port == 1883)
    }

    @Test func readsLists() throws {
        let urls = try BrokerURL.list("mqtts://a, mqtt://b:1 ,mqtt://c")
        #expect(urls.map(\.address) == ["a:8883", "b:1", "c:1883"])
        for text in ["", " ", "mqtt://a,", ",mqtt://a", "mqtt://a,,mqtt://b"] {
            #expect(throws: BrokerURL.ParseError(problem: "it is empty")) { try BrokerURL.list(text) }
        }
        #expect(throws: BrokerURL.ParseError.self) { try BrokerURL.list("mqtt://a,b") }
        let many = Array(repeating: "mqtt://a", count: 17).joined(separator: ",")
        #expect(throws: BrokerURL.ParseError(problem: "there are more than 16 of them")) { try BrokerURL.list(many) }
    }

    @Test func refusesHugeText() {
        let text = "mqtt://" + String(repeating: "a", count: 1 << 20)
        #expect(throws: BrokerURL.ParseError(problem: "it is longer than 1024 bytes")) { try BrokerURL(text) }
    }

    @Test func messagesHideCredentials() throws {
        #expect(try BrokerURL("mqtt://anna:secret@broker").address == "broker:1883")
        #expect(try BrokerURL("mqtt://anna:secret@[::1]:1").address == "[::1]:1")
        let error = #expect(throws: BrokerURL.ParseError.self) { try BrokerURL("mqtt://anna:secret@broker:x") }
        #expect(error?.description == "the broker's URL is not valid: the port \"x\" is not a number from 1 to 65535")
    }
}
