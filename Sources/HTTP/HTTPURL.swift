/// A place on a web server: `http://` or `https://`, with what RFC 3986 allows after it, read strictly.
public struct HTTPURL: Sendable, Equatable {
    public enum Scheme: String, Sendable {
        case http
        case https

        /// The port that IANA registered for it.
        var defaultPort: Int { self == .http ? 80 : 443 }
    }

    /// What most servers take at most in a request line (nginx and Apache: 8 KiB for all of it).
    static let maximumLength = 4096

    public let scheme: Scheme
    /// A name, an IPv4 address, or an IPv6 address without brackets; lower case.
    public let host: String
    public let port: Int
    /// Path and query as the request line has them; begins with `/`.
    public let target: String
    /// `user:password`, percent-decoded; nil when the URL has none.
    let credentials: [UInt8]?

    package var hasCredentials: Bool { credentials != nil }

    /// Whether a text is meant as a URL, of whatever scheme, and not as a file's name.
    public static func isMeant(by text: String) -> Bool {
        // Not `contains("://")`: that is in a library of its own, 1.7 MB that nothing else on the device needs.
        guard let colon = text.firstIndex(of: ":") else { return false }
        return text[colon...].hasPrefix("://")
    }

    /// - Throws: ``HTTPError/invalidURL(_:)``.
    public init(_ text: String) throws(HTTPError) {
        guard text.utf8.count <= Self.maximumLength else {
            throw .invalidURL("it is longer than \(Self.maximumLength) bytes")
        }
        // Other bytes would have to be percent-encoded; line ends in particular would start a line of the request.
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }) else {
            throw .invalidURL("it contains a character that must be written as %XX")
        }
        guard let colon = text.firstIndex(of: ":"), let scheme = Scheme(rawValue: text[..<colon].lowercased()),
            text[colon...].hasPrefix("://")
        else { throw .invalidURL("it must begin with http:// or https://") }
        let rest = text[text.index(colon, offsetBy: 3)...].prefix { $0 != "#" }
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        let target = rest[end...]
        try self.init(
            scheme: scheme, authority: rest[..<end], target: target.hasPrefix("/") ? "\(target)" : "/\(target)")
    }

    private init(scheme: Scheme, authority: Substring, target: String) throws(HTTPError) {
        var place = authority
        if let at = authority.lastIndex(of: "@") {
            credentials = try Self.decoded(authority[..<at])
            place = authority[authority.index(after: at)...]
        } else {
            credentials = nil
        }
        let port: Substring?
        if place.hasPrefix("[") {
            guard let close = place.firstIndex(of: "]") else {
                throw .invalidURL("the [ before the IPv6 address has no ]")
            }
            host = place[place.index(after: place.startIndex)..<close].lowercased()
            guard host.contains(":"), host.utf8.allSatisfy({ Self.isHostByte($0) || $0 == UInt8(ascii: ":") }) else {
                throw .invalidURL("what stands in brackets is not an IPv6 address")
            }
            let after = place[place.index(after: close)...]
            guard after.isEmpty || after.hasPrefix(":") else {
                throw .invalidURL("only a port may follow the IPv6 address")
            }
            port = after.isEmpty ? nil : after.dropFirst()
        } else {
            let colon = place.firstIndex(of: ":")
            host = place[..<(colon ?? place.endIndex)].lowercased()
            guard !host.isEmpty else { throw .invalidURL("it names no host") }
            guard host.utf8.count <= 253, host.utf8.allSatisfy(Self.isHostByte) else {
                throw .invalidURL("its host is no host name")
            }
            port = colon.map { place[place.index(after: $0)...] }
        }
        if let port {
            // Int alone would accept a sign.
            guard port.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(port),
                (1...65535).contains(number)
            else { throw .invalidURL("its port is not a number from 1 to 65535") }
            self.port = number
        } else {
            self.port = scheme.defaultPort
        }
        self.scheme = scheme
        self.target = target
    }

    /// The URL that a `Location` field of an answer from here names (RFC 9110, section 10.2.2).
    ///
    /// Credentials are not passed on to where a server sends us.
    func resolving(_ reference: String) throws(HTTPError) -> HTTPURL {
        if reference.hasPrefix("//") { return try HTTPURL("\(scheme):\(reference)") }
        if reference.hasPrefix("/") { return try HTTPURL("\(origin)\(reference)") }
        // RFC 3986: a scheme is a letter and letters, digits, "+", "-", ".", before the first "/", "?" or "#".
        let beginning = reference.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        if beginning.contains(":") { return try HTTPURL(reference) }
        let path = target.prefix { $0 != "?" }
        if reference.hasPrefix("?") { return try HTTPURL("\(origin)\(path)\(reference)") }
        let slash = path.lastIndex(of: "/") ?? path.startIndex
        return try HTTPURL("\(origin)\(path[...slash])\(reference)")
    }

    /// `host:port` with brackets around an IPv6 address, the port left out where it is the scheme's own.
    var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == scheme.defaultPort ? name : "\(name):\(port)"
    }

    /// The host and port with the scheme, as in `https://host:8443`.
    package var origin: String { "\(scheme)://\(authority)" }

    /// As messages show it: without credentials and query, which may hold secrets.
    public var shown: String { "\(origin)\(target.prefix { $0 != "?" })" }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        // "_" is in no host name by the standards but in many by use.
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"): true
        default: false
        }
    }

    /// Replaces %XX by the byte it stands for.
    private static func decoded(_ text: Substring) throws(HTTPError) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = text.utf8
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst(), let low = rest.popFirst(),
                let value = UInt8(String(decoding: [high, low], as: UTF8.self), radix: 16), high != UInt8(ascii: "+")
            else { throw .invalidURL("a % before the @ is not followed by two hexadecimal digits") }
            bytes.append(value)
        }
        return bytes
    }
}
