/// The JSON value cannot be written: it contains NaN or an infinity, for which JSON has no notation.
public struct JSONNotFiniteError: Error, Sendable, Equatable, CustomStringConvertible {
    public init() {}
    public var description: String { "JSON cannot hold NaN or an infinity" }
}

extension JSON {
    /// How ``serialized(_:)`` lays out the text.
    public enum Layout: Sendable {
        /// No whitespace. The same value always gives the same bytes, fit to be hashed and signed.
        case compact
        /// One member or element a line, two spaces an indentation level, for people.
        case pretty
    }

    /// The JSON text of the value in UTF-8.
    ///
    /// Members stand in their order, strings escape only what RFC 8259 demands (`"`, `\` and what lies below U+0020,
    /// in the short form where there is one, else as `\u00xx` in lower case), doubles have the fewest digits that read
    /// back as the same double and always a fraction or an exponent.
    public func serialized(_ layout: Layout = .compact) throws(JSONNotFiniteError) -> [UInt8] {
        var serializer = JSONSerializer(layout: layout)
        try serializer.append(self, level: 0)
        return serializer.output
    }

    /// The JSON text of the value; see ``serialized(_:)``.
    public func text(_ layout: Layout = .compact) throws(JSONNotFiniteError) -> String {
        String(decoding: try serialized(layout), as: UTF8.self)
    }
}

private struct JSONSerializer {
    let layout: JSON.Layout
    var output: [UInt8] = []

    mutating func append(_ value: JSON, level: Int) throws(JSONNotFiniteError) {
        switch value {
        case .null: append("null")
        case .bool(let value): append(value ? "true" : "false")
        case .integer(let value): append(String(value))
        case .number(let value):
            guard value.isFinite else { throw JSONNotFiniteError() }
            append(value.description)
        case .string(let value): append(quoted: value)
        case .array(let elements):
            output.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                beginItem(index, level: level)
                try append(element, level: level + 1)
            }
            if !elements.isEmpty { newLine(level: level) }
            output.append(UInt8(ascii: "]"))
        case .object(let object):
            output.append(UInt8(ascii: "{"))
            for (index, member) in object.members.enumerated() {
                beginItem(index, level: level)
                append(quoted: member.name)
                append(layout == .pretty ? ": " : ":")
                try append(member.value, level: level + 1)
            }
            if !object.members.isEmpty { newLine(level: level) }
            output.append(UInt8(ascii: "}"))
        }
    }

    mutating func append(_ text: String) {
        output.append(contentsOf: text.utf8)
    }

    /// The comma and line break before an element or member.
    mutating func beginItem(_ index: Int, level: Int) {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        newLine(level: level + 1)
    }

    mutating func newLine(level: Int) {
        guard layout == .pretty else { return }
        output.append(UInt8(ascii: "\n"))
        output.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * level))
    }

    mutating func append(quoted string: String) {
        output.append(UInt8(ascii: "\""))
        for byte in string.utf8 {
            switch byte {
            case UInt8(ascii: "\""): append("\\\"")
            case UInt8(ascii: "\\"): append("\\\\")
            case 0x08: append("\\b")
            case 0x09: append("\\t")
            case 0x0A: append("\\n")
            case 0x0C: append("\\f")
            case 0x0D: append("\\r")
            case ..<0x20:
                append(byte < 0x10 ? "\\u000" : "\\u00")
                append(String(byte, radix: 16))
            default: output.append(byte)
            }
        }
        output.append(UInt8(ascii: "\""))
    }
}
