/// Status line and fields of an HTTP/1.1 answer (RFC 9112), read strictly.
///
/// By hand: of the parsers in C, llhttp is in Debian 13 but not in 12, http-parser has not been maintained since 2020,
/// and generated code of ten thousand lines is no smaller risk than the two hundred lines of Swift an answer needs.
package struct ResponseHead: Equatable {
    /// Bytes. A plain web server's answer has some 300; redirects by content networks up to 4 KiB.
    static let maximumSize = 16 * 1024
    /// A limit of its own keeps the search among them quick.
    static let maximumFields = 100

    /// How the end of the body is known.
    package enum Body: Equatable {
        case length(Int)
        case chunked
        case untilClose
    }

    package let status: Int
    /// Names in lower case.
    let fields: [(name: String, value: String)]
    package let body: Body
    /// Whether another request may follow on the connection.
    let keepsOpen: Bool

    package static func == (a: ResponseHead, b: ResponseHead) -> Bool {
        a.status == b.status && a.body == b.body && a.keepsOpen == b.keepsOpen
            && a.fields.elementsEqual(b.fields, by: ==)
    }

    /// The only value of a field; nil when it is missing or there are several.
    package func value(of name: String) -> String? {
        let values = fields.filter { $0.name == name }
        return values.count == 1 ? values.first?.value : nil
    }

    /// What is wrong with a head.
    struct ParseError: Error, Equatable {
        let reason: String
    }

    /// - Parameter bytes: all up to the empty line, which is left out.
    init(_ bytes: some Collection<UInt8>) throws(ParseError) {
        let lines = try Self.lines(bytes)
        // HTTP-version SP status-code SP [reason-phrase]; the last space is missing from some servers.
        guard let first = lines.first, first.count >= 12, first.starts(with: "HTTP/1.".utf8),
            let minor = Self.digit(first[first.startIndex + 7]), first[first.startIndex + 8] == UInt8(ascii: " "),
            first.count == 12 || first[first.startIndex + 12] == UInt8(ascii: " "),
            let status = Self.number(first[(first.startIndex + 9)..<(first.startIndex + 12)]), status >= 100
        else { throw ParseError(reason: "this is not HTTP/1.1") }
        guard lines.count - 1 <= Self.maximumFields else { throw ParseError(reason: "it has too many fields") }

        var fields: [(name: String, value: String)] = []
        for line in lines.dropFirst() {
            // A space before the colon, or a continued line, would mean different things to different readers.
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex,
                line[..<colon].allSatisfy(Self.isTokenByte)
            else { throw ParseError(reason: "a field has no name") }
            let isBlank = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
            var value = line[(colon + 1)...].drop(while: isBlank)
            while let last = value.last, isBlank(last) { value.removeLast() }
            guard value.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
                throw ParseError(reason: "a field contains a control character")
            }
            fields.append(
                (String(decoding: line[..<colon], as: UTF8.self).lowercased(), String(decoding: value, as: UTF8.self)))
        }
        self.status = status
        self.fields = fields
        body = try Self.body(status, fields)

        let connection = fields.filter { $0.name == "connection" }
            .flatMap { $0.value.lowercased().split { $0 == "," || $0 == " " } }
        keepsOpen = minor >= 1 && !connection.contains("close") && body != .untilClose
    }

    /// RFC 9112, section 6.3, for the answer to a GET; where it lets a reader choose, this one refuses.
    private static func body(_ status: Int, _ fields: [(name: String, value: String)]) throws(ParseError) -> Body {
        if status < 200 || status == 204 || status == 304 { return .length(0) }
        let encodings = fields.filter { $0.name == "transfer-encoding" }
        let lengths = fields.filter { $0.name == "content-length" }
        guard lengths.count <= 1, encodings.count <= 1, lengths.isEmpty || encodings.isEmpty else {
            throw ParseError(reason: "it gives its length more than once")
        }
        if let encoding = encodings.first {
            guard encoding.value.lowercased() == "chunked" else {
                throw ParseError(reason: "its transfer encoding is unknown")
            }
            return .chunked
        }
        guard let length = lengths.first else { return .untilClose }
        guard let count = number(length.value.utf8) else { throw ParseError(reason: "its length is no number") }
        return .length(count)
    }

    private static func lines(_ bytes: some Collection<UInt8>) throws(ParseError) -> [ArraySlice<UInt8>] {
        let all = Array(bytes)
        var lines: [ArraySlice<UInt8>] = []
        var rest = all[...]
        while let end = rest.firstIndex(of: 0x0A) {
            guard end > rest.startIndex, rest[end - 1] == 0x0D else {
                throw ParseError(reason: "a line does not end with CR and LF")
            }
            lines.append(rest[..<(end - 1)])
            rest = rest[(end + 1)...]
        }
        lines.append(rest)
        guard !lines.contains(where: { $0.contains(0x0D) }) else {
            throw ParseError(reason: "a line does not end with CR and LF")
        }
        return lines
    }

    /// 1 to 18 decimal digits and nothing else: no sign, no overflow.
    package static func number(_ text: some Collection<UInt8>) -> Int? {
        guard (1...18).contains(text.count) else { return nil }
        var value = 0
        for byte in text {
            guard let digit = digit(byte) else { return nil }
            value = value * 10 + digit
        }
        return value
    }

    private static func digit(_ byte: UInt8) -> Int? {
        (0x30...0x39).contains(byte) ? Int(byte) - 0x30 : nil
    }

    /// RFC 9110, section 5.6.2.
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
