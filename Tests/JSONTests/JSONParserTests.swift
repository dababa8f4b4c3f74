import Testing

@testable import JSON

struct JSONParserTests {
    @Test(
        arguments: [
            ("null", nil),
            (" true\r\n\t", true),
            ("false", false),
            ("0", 0),
            ("-1", -1),
            ("9223372036854775807", .integer(.max)),
            ("-9223372036854775808", .integer(.min)),
            ("9223372036854775808", .number(9_223_372_036_854_775_808)),
            ("1.0", .number(1)),
            ("1e2", .number(100)),
            ("1E+2", .number(100)),
            ("-1.25e-2", .number(-0.0125)),
            ("5e-324", .number(.leastNonzeroMagnitude)),
            ("1e-999", .number(0)),
            ("0.1", .number(0.1)),
            ("\"\"", ""),
            ("\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "a\"\\/\u{8}\u{c}\n\r\t"),
            ("\"\\u0000\\u00e9\\u20AC\"", "\0é€"),
            ("\"\\uD83D\\ude00 😀 \u{7f}\"", "😀 😀 \u{7f}"),
            ("[]", []),
            ("[ ]", []),
            ("[1,[2,[]],{}]", [1, [2, []], [:]]),
            ("{\"b\":1,\"a\":{\"b\":null}}", ["b": 1, "a": ["b": nil]]),
        ] as [(String, JSON)])
    func accepts(text: String, value: JSON) throws {
        #expect(try JSON(parsing: text) == value)
    }

    @Test func negativeZeroKeepsItsSign() throws {
        let value = try #require(try JSON(parsing: "-0").doubleValue)
        #expect(value == 0 && value.sign == .minus)
    }

    @Test(
        arguments: [
            ("", .unexpectedEnd, 0),
            ("  ", .unexpectedEnd, 2),
            ("nul", .unexpectedEnd, 3),
            ("nulL", .unexpectedByte(0x4C), 3),
            ("True", .unexpectedByte(0x54), 0),
            ("NaN", .unexpectedByte(0x4E), 0),
            ("Infinity", .unexpectedByte(0x49), 0),
            ("-Infinity", .unexpectedByte(0x49), 1),
            ("+1", .unexpectedByte(0x2B), 0),
            ("01", .trailingBytes, 1),
            ("-", .unexpectedEnd, 1),
            ("1.", .unexpectedEnd, 2),
            (".5", .unexpectedByte(0x2E), 0),
            ("1e", .unexpectedEnd, 2),
            ("1e+", .unexpectedEnd, 3),
            ("1e+-1", .unexpectedByte(0x2D), 3),
            ("0x10", .trailingBytes, 1),
            ("1e999", .numberOutOfRange, 0),
            ("[1,-1e400]", .numberOutOfRange, 3),
            ("1 2", .trailingBytes, 2),
            ("{}x", .trailingBytes, 2),
            ("[", .unexpectedEnd, 1),
            ("[1", .unexpectedEnd, 2),
            ("[1,", .unexpectedEnd, 3),
            ("[1,]", .unexpectedByte(0x5D), 3),
            ("[1 2]", .unexpectedByte(0x32), 3),
            ("[,1]", .unexpectedByte(0x2C), 1),
            ("]", .unexpectedByte(0x5D), 0),
            ("{", .unexpectedEnd, 1),
            ("{\"a\"", .unexpectedEnd, 4),
            ("{\"a\":", .unexpectedEnd, 5),
            ("{\"a\":1", .unexpectedEnd, 6),
            ("{\"a\":1,}", .unexpectedByte(0x7D), 7),
            ("{a:1}", .unexpectedByte(0x61), 1),
            ("{1:1}", .unexpectedByte(0x31), 1),
            ("{\"a\" 1}", .unexpectedByte(0x31), 5),
            ("{\"a\":1,\"b\":2,\"a\":3}", .duplicateName("a"), 13),
            ("{\"a\":1,\"\\u0061\":3}", .duplicateName("a"), 7),
            ("'a'", .unexpectedByte(0x27), 0),
            ("\"a", .unexpectedEnd, 2),
            ("\"\\", .unexpectedEnd, 2),
            ("\"\\x\"", .invalidEscape, 1),
            ("\"\\u12\"", .invalidEscape, 5),
            ("\"\\u12", .unexpectedEnd, 5),
            ("\"\\u+123\"", .invalidEscape, 3),
            ("\"\\uD83D\"", .loneSurrogate, 1),
            ("\"\\uD83D\\n\"", .loneSurrogate, 1),
            ("\"\\uD83D\\u0041\"", .loneSurrogate, 1),
            ("\"\\uDE00\"", .loneSurrogate, 1),
            ("\"a\nb\"", .unescapedControlCharacter, 2),
            ("\"\0\"", .unescapedControlCharacter, 1),
            ("\u{FEFF}1", .unexpectedByte(0xEF), 0),
            ("1//", .trailingBytes, 1),
            ("\u{A0}1", .unexpectedByte(0xC2), 0),
        ] as [(String, JSONParseError.Reason, Int)])
    func refuses(text: String, reason: JSONParseError.Reason, offset: Int) {
        #expect(throws: JSONParseError(reason: reason, offset: offset)) { try JSON(parsing: text) }
    }

    @Test(
        arguments: [
            [0x22, 0xFF, 0x22],  // not a UTF-8 byte
            [0x22, 0xC0, 0x80, 0x22],  // overlong NUL
            [0x22, 0xC3, 0x22],  // cut short
            [0x22, 0xED, 0xA0, 0x80, 0x22],  // an encoded surrogate
            [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22],  // beyond U+10FFFF
        ] as [[UInt8]])
    func refusesInvalidUTF8(bytes: [UInt8]) {
        #expect(throws: JSONParseError(reason: .invalidUTF8, offset: 0)) { try JSON(parsing: bytes) }
    }

    @Test func refusesCanonicallyEquivalentNames() {
        // é as one scalar and as e + combining accent: equal to a lookup in Swift, so one would hide the other.
        #expect(throws: JSONParseError.self) { try JSON(parsing: "{\"\u{E9}\":1,\"e\u{301}\":2}") }
    }

    @Test func boundsTheDepth() throws {
        func nested(_ depth: Int) -> [UInt8] {
            Array(repeating: UInt8(ascii: "["), count: depth) + Array(repeating: UInt8(ascii: "]"), count: depth)
        }
        #expect(try JSON(parsing: nested(3), maximumDepth: 3) == [[[]]])
        #expect(throws: JSONParseError(reason: .tooDeep(maximum: 3), offset: 3)) {
            try JSON(parsing: nested(4), maximumDepth: 3)
        }
        #expect(throws: JSONParseError(reason: .tooDeep(maximum: 64), offset: 64)) {
            try JSON(parsing: nested(1_000_000))
        }
        let objects = String(repeating: "{\"a\":", count: 100_000)
        #expect(throws: JSONParseError(reason: .tooDeep(maximum: 64), offset: 64 * 5)) { try JSON(parsing: objects) }
        // Siblings are not depth.
        #expect(try JSON(parsing: "[[],[],[],[]]", maximumDepth: 2) == [[], [], [], []])
    }

    /// Every prefix and every one-byte change of a text with all kinds of values parses or throws; none traps.
    @Test func survivesDamage() throws {
        let text = Array("{\"a\":[1,-2.5e3,\"\\u00e9\\uD83D\\uDE00é\",true,null],\"b\":{\"c\":\"\\n\"}}".utf8)
        var refused = 0
        for length in text.indices {
            #expect(throws: JSONParseError.self) { try JSON(parsing: Array(text[..<length])) }
        }
        for index in text.indices {
            for byte in UInt8.min...UInt8.max where byte != text[index] {
                var damaged = text
                damaged[index] = byte
                if (try? JSON(parsing: damaged)) == nil { refused += 1 }
            }
        }
        #expect(refused > text.count * 128)
    }

    @Test func errorsNameThePlace() {
        let error = JSONParseError(reason: .duplicateName("a"), offset: 13)
        #expect(error.description == "invalid JSON at byte 13: member \"a\" occurs twice")
    }
}
