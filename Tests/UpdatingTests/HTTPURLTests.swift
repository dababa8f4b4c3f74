import Testing

@testable import HTTP

struct HTTPURLTests {
    @Test(arguments: [
        ("http://host", "http", "host", 80, "/"),
        ("https://Host.Example:8443/a/b?c=d#e", "https", "host.example", 8443, "/a/b?c=d"),
        ("HTTP://[FE80::1]:81/x", "http", "fe80::1", 81, "/x"), ("http://10.0.0.1?q", "http", "10.0.0.1", 80, "/?q"),
    ])
    func reads(text: String, scheme: String, host: String, port: Int, target: String) throws {
        let url = try HTTPURL(text)
        #expect(url.scheme.rawValue == scheme)
        #expect(url.host == host)
        #expect(url.port == port)
        #expect(url.target == target)
    }

    @Test(arguments: [
        "", "host", "ftp://host", "http:/host", "http://", "http:///x", "http://host:", "http://host:0",
        "http://host:65536",
        "http://host:+80", "http://a b", "http://host/\r\nX: y", "http://host/ä", "http://[::1", "http://[x]",
        "http://[::1]x",
        "http://a%@host", "http://a%zz@host", "http://ho%st", "http://host\\@other",
        "http://" + String(repeating: "a", count: 4090),
    ])
    func refuses(text: String) {
        #expect(throws: HTTPError.self) { try HTTPURL(text) }
    }

    @Test func hidesSecrets() throws {
        let url = try HTTPURL("http://me:p%40ss@host:81/a?token=1")
        #expect(url.credentials == Array("me:p@ss".utf8))
        #expect(url.shown == "http://host:81/a")
        // They are for this server alone.
        #expect(try url.resolving("/b").credentials == nil)
    }

    @Test(arguments: [
        ("/x", "http://host/x"), ("x", "http://host/a/x"), ("?y", "http://host/a/b?y"), ("//other/z", "http://other/z"),
        ("https://other:1/", "https://other:1/"), ("../x:y", "http://host/a/../x:y"),
    ])
    func followsReferences(reference: String, expected: String) throws {
        #expect(try HTTPURL("http://host/a/b?c").resolving(reference) == HTTPURL(expected))
    }

    @Test func asksProxiesButForExceptions() throws {
        var proxies = Proxies()
        proxies.http = "http://proxy:3128"
        proxies.https = "other:8080"
        proxies.exceptions = "localhost, .example.org,10.0.0.1"
        #expect(try proxies.proxy(for: HTTPURL("http://host/"))?.host == "proxy")
        #expect(try proxies.proxy(for: HTTPURL("https://host/"))?.port == 8080)
        for direct in ["http://localhost", "https://example.org", "http://a.example.org", "http://10.0.0.1:8080"] {
            #expect(try proxies.proxy(for: HTTPURL(direct)) == nil)
        }
        #expect(try proxies.proxy(for: HTTPURL("http://notexample.org"))?.host == "proxy")
        proxies.http = "https://proxy"
        #expect(throws: HTTPError.self) { try proxies.proxy(for: HTTPURL("http://host/")) }
    }

    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("a:ÿ", "YTrDvw=="),
    ])
    func encodesCredentials(text: String, expected: String) {
        #expect(HTTPClient.base64(Array(text.utf8)) == expected)
    }
}
