extension JSON {
    /// Parses one JSON text, strictly as RFC 8259 writes it: no byte order mark, no comments, no trailing commas, no
    /// second value, and no object that names a member twice.
    ///
    /// An integer beyond `Int64` becomes a ``number(_:)``, and so does `-0`, whose sign an integer cannot hold.
    ///
    /// - Parameters:
    ///   - bytes: the text in UTF-8. The caller limits its length; parsing takes a small multiple of it in memory.
    ///   - maximumDepth: how deep arrays and objects may nest. Bounds the stack that hostile text can consume.
    public init(parsing bytes: [UInt8], maximumDepth: Int = 64) throws(JSONParseError) {
        var parser = JSONParser(bytes: bytes, maximumDepth: maximumDepth)
        self = try parser.parseText()
    }

    /// Parses one JSON text; see ``init(parsing:maximumDepth:)-([UInt8],_)``.
    public init(parsing text: String, maximumDepth: Int = 64) throws(JSONParseError) {
        try self.init(parsing: Array(text.utf8), maximumDepth: maximumDepth)
    }
}

private struct JSONParser {
    let bytes: [UInt8]
    let maximumDepth: Int
    var position = 0

    /// The byte at the position, nil at the end: the only access to the text, so no index can be out of range.
    var next: UInt8? {
        position < bytes.count ? bytes[position] : nil
    }

    func error(_ reason: JSONParseError.Reason, at offset: Int? = nil) -> JSONParseError {
        JSONParseError(reason: reason, offset: offset ?? position)
    }

    /// What is wrong when the byte at the position is none of those that may stand there.
    func unexpected() -> JSONParseError {
        error(next.map { .unexpectedByte($0) } ?? .unexpectedEnd)
    }

    mutating func parseText() throws(JSONParseError) -> JSON {
        let value = try parseValue(depth: 0)
        skipWhitespace()
        guard next == nil else { throw error(.trailingBytes) }
        return value
    }

    mutating func skipWhitespace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    mutating func skip(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        position += 1
        return true
    }

    mutating func expect(_ byte: UInt8) throws(JSONParseError) {
        guard skip(byte) else { throw unexpected() }
    }

    mutating func expect(literal: StaticString) throws(JSONParseError) {
        for byte in literal.description.utf8 { try expect(byte) }
    }

    mutating func parseValue(depth: Int) throws(JSONParseError) -> JSON {
        skipWhitespace()
        switch next {
        case UInt8(ascii: "{"): return .object(try parseObject(depth: depth + 1))
        case UInt8(ascii: "["): return .array(try parseArray(depth: depth + 1))
        case UInt8(ascii: "\""): return .string(try parseString())
        case UInt8(ascii: "t"):
            try expect(literal: "true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try expect(literal: "false")
            return .bool(false)
        case UInt8(ascii: "n"):
            try expect(literal: "null")
            return .null
        default: return try parseNumber()
        }
    }

    mutating func parseArray(depth: Int) throws(JSONParseError) -> [JSON] {
        guard depth <= maximumDepth else { throw error(.tooDeep(maximum: maximumDepth)) }
        try expect(UInt8(ascii: "["))
        var elements: [JSON] = []
        skipWhitespace()
        if skip(UInt8(ascii: "]")) { return elements }
        repeat {
            elements.append(try parseValue(depth: depth))
            skipWhitespace()
        } while skip(UInt8(ascii: ","))
        try expect(UInt8(ascii: "]"))
        return elements
    }

    mutating func parseObject(depth: Int) throws(JSONParseError) -> JSON.Object {
        guard depth <= maximumDepth else { throw error(.tooDeep(maximum: maximumDepth)) }
        try expect(UInt8(ascii: "{"))
        var members: [JSON.Object.Member] = []
        // Names that Swift compares as equal count as the same name, because lookups by name compare that way too.
        var names: Set<String> = []
        skipWhitespace()
        if skip(UInt8(ascii: "}")) { return JSON.Object(uniqueMembers: members) }
        repeat {
            skipWhitespace()
            let start = position
            let name = try parseString()
            guard names.insert(name).inserted else { throw error(.duplicateName(name), at: start) }
            skipWhitespace()
            try expect(UInt8(ascii: ":"))
            members.append(JSON.Object.Member(name: name, value: try parseValue(depth: depth)))
            skipWhitespace()
        } while skip(UInt8(ascii: ","))
        try expect(UInt8(ascii: "}"))
        return JSON.Object(uniqueMembers: members)
    }

    mutating func parseString() throws(JSONParseError) -> String {
        let start = position
        try expect(UInt8(ascii: "\""))
        var content: [UInt8] = []
        while true {
            guard let byte = next else { throw error(.unexpectedEnd) }
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                guard let string = String(validating: content, as: UTF8.self) else {
                    throw error(.invalidUTF8, at: start)
                }
                return string
            case UInt8(ascii: "\\"): content.append(contentsOf: try parseEscape())
            case ..<0x20: throw error(.unescapedControlCharacter)
            default:
                content.append(byte)
                position += 1
            }
        }
    }

    /// The UTF-8 bytes an escape sequence stands for.
    mutating func parseEscape() throws(JSONParseError) -> [UInt8] {
        let start = position
        position += 1  // the backslash
        guard let letter = next else { throw error(.unexpectedEnd) }
        position += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [letter]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"):
            var units = [try parseHexUnit()]
            if UTF16.isLeadSurrogate(units[0]) {
                guard skip(UInt8(ascii: "\\")), skip(UInt8(ascii: "u")) else { throw error(.loneSurrogate, at: start) }
                units.append(try parseHexUnit())
            }
            guard let text = String(validating: units, as: UTF16.self) else { throw error(.loneSurrogate, at: start) }
            return Array(text.utf8)
        default: throw error(.invalidEscape, at: start)
        }
    }

    mutating func parseHexUnit() throws(JSONParseError) -> UInt16 {
        var unit: UInt16 = 0
        for _ in 0..<4 {
            guard let byte = next else { throw error(.unexpectedEnd) }
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
                throw error(.invalidEscape)
            }
            unit = unit << 4 | UInt16(digit)
            position += 1
        }
        return unit
    }

    mutating func parseNumber() throws(JSONParseError) -> JSON {
        let start = position
        let isNegative = skip(UInt8(ascii: "-"))
        if !skip(UInt8(ascii: "0")) { try skipDigits() }
        var isInteger = true
        if skip(UInt8(ascii: ".")) {
            isInteger = false
            try skipDigits()
        }
        if skip(UInt8(ascii: "e")) || skip(UInt8(ascii: "E")) {
            isInteger = false
            if !skip(UInt8(ascii: "+")) { _ = skip(UInt8(ascii: "-")) }
            try skipDigits()
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isInteger, let value = Int64(text), value != 0 || !isNegative { return .integer(value) }
        guard let value = Double(text), value.isFinite else { throw error(.numberOutOfRange, at: start) }
        return .number(value)
    }

    /// One digit or more.
    mutating func skipDigits() throws(JSONParseError) {
        guard let first = next, isDigit(first) else { throw unexpected() }
        while let byte = next, isDigit(byte) { position += 1 }
    }

    func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
