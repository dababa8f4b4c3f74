internal import COpenSSL

/// Fetches from web servers and posts to them: HTTP/1.1 (RFC 9110, RFC 9112), plain or with TLS, one request at a time on
/// a connection that is kept. Calls block; every step has a deadline. Used by one thread at a time.
///
/// libcurl was weighed: in Debian it brings 26 packages and 6 MB packed, a third of a bundle.
///
/// OpenSSL writes to sockets without MSG_NOSIGNAL: the calling thread, or the process, must ignore or block SIGPIPE.
package final class HTTPClient {
    private let settings: HTTPSettings
    private let resolver: Resolver
    private var authorities: TLSAuthorities?
    /// What https takes for proof instead of the settings' certificates. A new one ends the kept connection.
    package var tls: (any TLSParameters)? { didSet { kept = nil } }
    private var kept: (origin: String, proxy: HTTPURL?, connection: HTTPConnection, end: Deadline)?

    package init(_ settings: HTTPSettings) {
        self.settings = settings
        resolver = Resolver(settings.search)
    }

    /// What to ask for.
    package struct Request {
        package var url: HTTPURL
        /// Further fields, whose names and values must be valid ones.
        package var fields: [(name: String, value: String)] = []
        /// What is posted; nil to get.
        package var body: [UInt8]?
        /// Bytes; the upper bound nil: to the end. Nil: all.
        package var range: (lower: Int, upper: Int?)?
        /// The validator that the range belongs to (`If-Range`).
        package var validator: String?

        package init(url: HTTPURL) { self.url = url }
    }

    /// An answer with status 200 or 206.
    package struct Answer {
        /// Where redirects led.
        package let url: HTTPURL
        package let head: ResponseHead
        package var body: HTTPBody
        /// Bytes of headers on the way here, requests included.
        package let overhead: Int
        fileprivate let connection: HTTPConnection
    }

    /// - Throws: ``HTTPError``, also for any other status than 200 and 206.
    package func get(_ request: Request) throws(HTTPError) -> Answer {
        var url = request.url
        var overhead = 0
        for _ in 0...settings.maximumRedirects {
            let (head, connection, bytes) = try exchange(url, request)
            overhead += bytes
            switch head.status {
            case 200, 206:
                if let encoding = head.value(of: "content-encoding"), encoding.lowercased() != "identity" {
                    throw .malformed(connection.name, reason: "it sends the content encoded as \(encoding)")
                }
                return Answer(
                    url: url, head: head,
                    body: HTTPBody(head, on: connection, progressLimit: settings.progressLimit), overhead: overhead,
                    connection: connection)
            case 301, 302, 303, 307, 308:
                guard let location = head.value(of: "location") else {
                    throw .malformed(connection.name, reason: "it sends on to nowhere")
                }
                let next: HTTPURL
                do throws(HTTPError) { next = try url.resolving(location) } catch {
                    throw .malformed(connection.name, reason: "it sends on to an address that is none (\(error.fact))")
                }
                guard next.scheme == .https || url.scheme == .http else { throw .insecureRedirect(url.origin) }
                url = next
            default: throw .status(url.shown, code: head.status)
            }
        }
        throw .tooManyRedirects(request.url.origin, limit: settings.maximumRedirects)
    }

    /// Sees that there is a connection for the next request to this address.
    package func connect(to url: HTTPURL) throws(HTTPError) {
        let proxy = try settings.proxies.proxy(for: url)
        if isKept(to: url, by: proxy) { return }
        kept = nil
        keep(try connect(to: url, by: proxy), to: url, by: proxy)
    }

    /// Whether there is one that the next request may use.
    package func isConnected(to url: HTTPURL) -> Bool {
        do throws(HTTPError) { return isKept(to: url, by: try settings.proxies.proxy(for: url)) } catch { return false }
    }

    private func isKept(to url: HTTPURL, by proxy: HTTPURL?) -> Bool {
        guard let kept else { return false }
        return kept.origin == url.origin && kept.proxy == proxy && !kept.end.hasPassed
    }

    private func keep(_ connection: HTTPConnection, to url: HTTPURL, by proxy: HTTPURL?) {
        kept = (url.origin, proxy, connection, Deadline(after: settings.idleLimit))
    }

    /// Posts a request's body. What the server sends back with its head is passed over; redirects are not followed.
    ///
    /// Sent once more when the server has closed a kept connection instead of answering: the request must bear that.
    /// - Returns: the head of the answer, whatever its status.
    package func post(_ request: Request) throws(HTTPError) -> ResponseHead {
        let (head, connection, _) = try exchange(request.url, request)
        var body = HTTPBody(head, on: connection, progressLimit: settings.answerLimit)
        let deadline = Deadline(after: settings.answerLimit)
        var count = 0
        do throws(HTTPError) {
            while !body.isComplete, count < Self.maximumPassedOver, !deadline.hasPassed {
                count += try body.read(atMost: Self.maximumPassedOver - count).count
            }
            if body.isComplete, head.keepsOpen {
                keep(connection, to: request.url, by: try settings.proxies.proxy(for: request.url))
            }
        } catch {
            // What the server thinks of the request it has said by then.
        }
        return head
    }

    /// Bytes of an answer to a post; with more a new connection is cheaper.
    private static let maximumPassedOver = 64 << 10

    /// Keeps the connection of an answer for the next request, when its body has been read to its end.
    package func finish(_ answer: Answer) throws(HTTPError) {
        guard answer.head.keepsOpen, answer.body.isComplete else { return }
        keep(answer.connection, to: answer.url, by: try settings.proxies.proxy(for: answer.url))
    }

    /// Sends a request and reads the head of the answer.
    private func exchange(
        _ url: HTTPURL, _ request: Request
    ) throws(HTTPError) -> (ResponseHead, HTTPConnection, Int) {
        let proxy = try settings.proxies.proxy(for: url)
        if isKept(to: url, by: proxy), let kept {
            self.kept = nil
            // A server may close a kept connection at any time; then the request counts as not sent.
            do throws(HTTPError) {
                if let result = try send(request, to: url, by: proxy, on: kept.connection) { return result }
            } catch .cutOff {}
        }
        kept = nil
        let connection = try connect(to: url, by: proxy)
        guard let result = try send(request, to: url, by: proxy, on: connection) else { throw .cutOff(connection.name) }
        return result
    }

    /// - Returns: nil when the server closed the connection instead of answering.
    private func send(
        _ request: Request, to url: HTTPURL, by proxy: HTTPURL?, on connection: HTTPConnection
    ) throws(HTTPError) -> (ResponseHead, HTTPConnection, Int)? {
        let isForwarded = proxy != nil && url.scheme == .http
        var text =
            "\(request.body == nil ? "GET" : "POST") \(isForwarded ? url.origin : "")\(url.target) HTTP/1.1\r\nHost: \(url.authority)\r\n"
        text += "User-Agent: apus\r\nAccept-Encoding: identity\r\n"
        if let range = request.range {
            text += "Range: bytes=\(range.lower)-\(range.upper.map { String($0 - 1) } ?? "")\r\n"
            if let validator = request.validator { text += "If-Range: \(validator)\r\n" }
        }
        if let body = request.body { text += "Content-Length: \(body.count)\r\n" }
        for field in request.fields { text += "\(field.name): \(field.value)\r\n" }
        // Only to whom the user gave them.
        if let credentials = url.credentials { text += "Authorization: Basic \(Self.base64(credentials))\r\n" }
        if isForwarded, let credentials = proxy?.credentials {
            text += "Proxy-Authorization: Basic \(Self.base64(credentials))\r\n"
        }
        let bytes = Array("\(text)\r\n".utf8) + (request.body ?? [])
        let deadline = Deadline(after: settings.answerLimit)
        try connection.write(bytes, until: deadline)
        return try readHead(connection, until: deadline).map { ($0.head, connection, bytes.count + $0.size) }
    }

    private func readHead(
        _ connection: HTTPConnection, until deadline: Deadline
    ) throws(HTTPError) -> (head: ResponseHead, size: Int)? {
        // A few interim answers (1xx) may come before the one that counts.
        for _ in 0..<8 {
            let end: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A]
            let bytes: [UInt8]?
            do throws(HTTPError) {
                bytes = try connection.read(
                    through: end, limit: ResponseHead.maximumSize, what: "its header", until: deadline)
            } catch .timedOut(let name, _) {
                throw .timedOut(name, step: "answer")
            }
            guard let bytes else { return nil }
            do throws(ResponseHead.ParseError) {
                let head = try ResponseHead(bytes)
                if head.status >= 200 { return (head, bytes.count + end.count) }
            } catch {
                throw .malformed(connection.name, reason: error.reason)
            }
        }
        throw .malformed(connection.name, reason: "it does not come to an answer")
    }

    private func connect(to url: HTTPURL, by proxy: HTTPURL?) throws(HTTPError) -> HTTPConnection {
        let next = proxy ?? url
        let socket = try TCPSocket(
            host: next.host, port: next.port, name: proxy == nil ? next.host : "the proxy \(next.host)",
            resolver: resolver, limit: settings.connectLimit)
        let connection = HTTPConnection(socket)
        guard url.scheme == .https else { return connection }
        if let proxy { try openTunnel(to: url, by: proxy, on: connection) }
        try connection.startTLS(try parameters(), host: url.host, limit: settings.answerLimit)
        return connection
    }

    private func parameters() throws(HTTPError) -> any TLSParameters {
        if let parameters = tls ?? authorities { return parameters }
        let authorities = try TLSAuthorities(certificates: settings.certificates)
        self.authorities = authorities
        return authorities
    }

    /// CONNECT (RFC 9110, section 9.3.6).
    private func openTunnel(
        to url: HTTPURL, by proxy: HTTPURL, on connection: HTTPConnection
    ) throws(HTTPError) {
        let place = "\(url.host.contains(":") ? "[\(url.host)]" : url.host):\(url.port)"
        var text = "CONNECT \(place) HTTP/1.1\r\nHost: \(place)\r\n"
        if let credentials = proxy.credentials {
            text += "Proxy-Authorization: Basic \(Self.base64(credentials))\r\n"
        }
        let deadline = Deadline(after: settings.answerLimit)
        try connection.write(Array("\(text)\r\n".utf8), until: deadline)
        guard let head = try readHead(connection, until: deadline)?.head else { throw .cutOff(connection.name) }
        guard (200...299).contains(head.status) else {
            throw .proxy("it answers \(head.status) when asked for a way to \(place)")
        }
    }

    /// RFC 4648.
    static func base64(_ bytes: [UInt8]) -> String {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            for place in 0..<4 {
                text.append(place <= group.count ? digits[bits >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
