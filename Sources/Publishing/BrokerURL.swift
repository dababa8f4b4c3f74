/// Where an MQTT broker is and who we are to it: `mqtt://[user[:password]@]host[:port]`, or `mqtts://...` with TLS.
///
/// The form of RFC 3986 with the authority only: an IPv6 address stands in brackets, and a character of the user or
/// password that means something in a URL is written `%XX`.
package struct BrokerURL: Sendable, Hashable {
    /// Why the text is no such URL. Never repeats the URL, which may hold a password.
    package struct ParseError: Error, Hashable, CustomStringConvertible {
        package let problem: String

        package var description: String { "the broker's URL is not valid: \(problem)" }
    }

    /// The ports that IANA registered for MQTT without and with TLS.
    static let (defaultPort, defaultSecurePort) = (1883, 8883)

    /// Far above any host name (253 bytes) with credentials; bounds what a broken configuration can make us hold.
    static let maximumLength = 1024

    /// More brokers than anyone has; bounds what a broken configuration can make us try.
    static let maximumCount = 16

    /// Whether TLS protects the connection.
    let isSecure: Bool
    /// A name, an IPv4 address, or an IPv6 address without brackets.
    let host: String
    let port: Int
    let user: String?
    let password: String?

    /// The brokers of a list with commas in between; spaces around them do not count.
    /// - Throws: ``ParseError``, also for an empty list.
    package static func list(_ text: String) throws(ParseError) -> [BrokerURL] {
        var urls: [BrokerURL] = []
        for part in text.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
            let start = part.drop { $0 == 0x20 }
            guard let end = start.lastIndex(where: { $0 != 0x20 }) else { throw ParseError(problem: "it is empty") }
            urls.append(try BrokerURL(String(decoding: start[...end], as: UTF8.self)))
        }
        guard urls.count <= maximumCount else {
            throw ParseError(problem: "there are more than \(maximumCount) of them")
        }
        return urls
    }

    /// - Throws: ``ParseError``.
    package init(_ text: String) throws(ParseError) {
        guard text.utf8.count <= Self.maximumLength else {
            throw ParseError(problem: "it is longer than \(Self.maximumLength) bytes")
        }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
            throw ParseError(problem: "it contains a space or a control character")
        }
        isSecure = text.utf8.starts(with: "mqtts://".utf8)
        let prefix = isSecure ? "mqtts://" : "mqtt://"
        guard text.utf8.starts(with: prefix.utf8) else {
            throw ParseError(
                problem: "it must begin with mqtt:// or, with TLS, mqtts://, as in mqtts://broker.example:8883")
        }
        var rest = text.utf8.dropFirst(prefix.utf8.count)
        if rest.last == UInt8(ascii: "/") { rest = rest.dropLast() }
        // The last "@": an unescaped one in a password is forgiven.
        if let at = rest.lastIndex(of: UInt8(ascii: "@")) {
            (user, password) = try Self.credentials(rest[..<at])
            rest = rest[rest.index(after: at)...]
        } else {
            (user, password) = (nil, nil)
        }
        (host, port) = try Self.hostAndPort(rest, default: isSecure ? Self.defaultSecurePort : Self.defaultPort)
    }

    /// The broker as messages name it: without credentials.
    package var address: String {
        (host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host) + ":\(port)"
    }
}

extension BrokerURL {
    private typealias Bytes = Substring.UTF8View

    private static func credentials(_ text: Bytes) throws(ParseError) -> (user: String, password: String?) {
        let colon = text.firstIndex(of: UInt8(ascii: ":"))
        let user = try decoded(text[..<(colon ?? text.endIndex)])
        guard !user.isEmpty else { throw ParseError(problem: "the user before the @ is empty") }
        guard let colon else { return (user, nil) }
        return (user, try decoded(text[text.index(after: colon)...]))
    }

    private static func hostAndPort(
        _ text: Bytes, default defaultPort: Int
    ) throws(ParseError) -> (host: String, port: Int) {
        let host: Bytes
        let rest: Bytes
        if text.first == UInt8(ascii: "[") {
            guard let close = text.firstIndex(of: UInt8(ascii: "]")) else {
                throw ParseError(problem: "the [ before the IPv6 address has no ]")
            }
            host = text[text.index(after: text.startIndex)..<close]
            rest = text[text.index(after: close)...]
            // With an interface, as in fe80::1%eth0. What is wrong beyond that, the resolver says.
            guard host.contains(UInt8(ascii: ":")), host.allSatisfy({ isHostByte($0) || ":%".utf8.contains($0) }) else {
                throw ParseError(problem: "what stands in brackets is not an IPv6 address")
            }
            guard rest.isEmpty || rest.first == UInt8(ascii: ":") else {
                throw ParseError(problem: "only a port may follow the IPv6 address")
            }
        } else {
            let end = text.firstIndex { !isHostByte($0) } ?? text.endIndex
            host = text[..<end]
            rest = text[end...]
            guard !host.isEmpty else { throw ParseError(problem: "it names no host") }
            switch rest.first {
            case nil: break
            case UInt8(ascii: ":"):
                // More than one colon: an IPv6 address that lacks its brackets.
                guard !rest.dropFirst().contains(UInt8(ascii: ":")) else {
                    throw ParseError(problem: "an IPv6 address must stand in brackets")
                }
            case UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "#"):
                throw ParseError(problem: "nothing may follow the host and the port")
            default:
                throw ParseError(problem: "the host contains a character that no host name has")
            }
        }
        return (String(decoding: host, as: UTF8.self), rest.isEmpty ? defaultPort : try port(rest.dropFirst()))
    }

    private static func port(_ text: Bytes) throws(ParseError) -> Int {
        let digits = String(decoding: text, as: UTF8.self)
        // Int alone would accept a sign.
        guard text.allSatisfy({ (0x30...0x39).contains($0) }), let port = Int(digits), (1...65535).contains(port) else {
            throw ParseError(problem: "the port \"\(digits)\" is not a number from 1 to 65535")
        }
        return port
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        // "_" is in no host name by the standards but in many by use.
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"): true
        default: false
        }
    }

    /// Replaces %XX by the byte it stands for.
    private static func decoded(_ text: Bytes) throws(ParseError) -> String {
        var bytes: [UInt8] = []
        var rest = text
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(hexadecimalDigit),
                let low = rest.popFirst().flatMap(hexadecimalDigit)
            else { throw ParseError(problem: "a % before the @ is not followed by two hexadecimal digits") }
            bytes.append(high << 4 | low)
        }
        // The broker gets user and password as C strings, MQTT demands UTF-8 (MQTT 5, section 1.5.4).
        guard !bytes.contains(0), let text = String(validating: bytes, as: UTF8.self) else {
            throw ParseError(problem: "the user or the password is not UTF-8 text")
        }
        return text
    }

    private static func hexadecimalDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
