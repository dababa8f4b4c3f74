/// Why a text is not JSON, and where.
public struct JSONParseError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Reason: Sendable, Equatable {
        /// The text ends inside a value.
        case unexpectedEnd
        /// A byte that cannot stand here.
        case unexpectedByte(UInt8)
        /// More than whitespace after the value.
        case trailingBytes
        /// Arrays and objects nested deeper than the caller allows.
        case tooDeep(maximum: Int)
        /// An object names a member twice. RFC 8259 leaves the meaning open, so signed text must not contain it.
        case duplicateName(String)
        /// A string is not UTF-8 (RFC 8259, section 8.1).
        case invalidUTF8
        /// A backslash followed by something RFC 8259, section 7 does not list.
        case invalidEscape
        /// Half of a UTF-16 surrogate pair without the other half.
        case loneSurrogate
        /// A control character below U+0020 that is not escaped.
        case unescapedControlCharacter
        /// A number too large for a double.
        case numberOutOfRange
    }

    public let reason: Reason
    /// Offset in bytes from the start of the text.
    public let offset: Int

    public var description: String {
        let fact =
            switch reason {
            case .unexpectedEnd: "the text ends inside a value"
            case .unexpectedByte(let byte): "unexpected byte 0x\(String(byte, radix: 16))"
            case .trailingBytes: "text after the end of the value"
            case .tooDeep(let maximum): "nested deeper than \(maximum) levels"
            case .duplicateName(let name): "member \"\(name)\" occurs twice"
            case .invalidUTF8: "a string is not UTF-8"
            case .invalidEscape: "unknown escape sequence"
            case .loneSurrogate: "half a surrogate pair"
            case .unescapedControlCharacter: "unescaped control character in a string"
            case .numberOutOfRange: "number out of range"
            }
        return "invalid JSON at byte \(offset): \(fact)"
    }
}
