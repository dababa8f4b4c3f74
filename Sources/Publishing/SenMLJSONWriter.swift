/// Records as JSON (RFC 8428, section 5), without any white space.
struct SenMLJSONWriter: SenMLWriter {
    private(set) var bytes: [UInt8] = []
    private var isFirst = true

    init(records: Int, capacity: Int) {
        bytes.reserveCapacity(capacity)
        bytes.append(UInt8(ascii: "["))
    }

    mutating func beginRecord() {
        if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
        bytes.append(UInt8(ascii: "{"))
        isFirst = true
    }

    mutating func endRecord() { bytes.append(UInt8(ascii: "}")) }

    mutating func endPack() { bytes.append(UInt8(ascii: "]")) }

    @inline(__always)
    mutating func key(_ field: SenMLField) {
        if !isFirst { bytes.append(UInt8(ascii: ",")) }
        isFirst = false
        append(field.json)
    }

    /// Escapes what RFC 8259 demands (section 7).
    mutating func text(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case ..<0x20:
                append(#"\u00"#)
                bytes.append(Self.hexadecimal(byte >> 4))
                bytes.append(Self.hexadecimal(byte & 0xF))
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    mutating func name(_ name: [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: name)
        bytes.append(UInt8(ascii: "\""))
    }

    mutating func bool(_ value: Bool) { append(value ? "true" : "false") }

    @inline(__always)
    mutating func integer(_ value: Int64) {
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        digits(value.magnitude, decimals: 0)
    }

    @inline(__always)
    mutating func decimal(_ value: Decimal) {
        if value.mantissa < 0 { bytes.append(UInt8(ascii: "-")) }
        digits(value.mantissa.magnitude, decimals: value.decimals)
    }

    /// Swift's description has the fewest digits that read back as the same double, and is valid JSON.
    mutating func double(_ value: Double) { bytes.append(contentsOf: value.description.utf8) }

    /// Writes a number with a point before its last digits.
    private mutating func digits(_ number: UInt64, decimals: Int) {
        // 20 digits of the greatest number and a point.
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 21) { buffer in
            var rest = number
            var start = buffer.count
            var written = 0
            repeat {
                if written == decimals, decimals > 0 {
                    start -= 1
                    buffer[start] = UInt8(ascii: ".")
                }
                start -= 1
                buffer[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
                written += 1
            } while rest > 0 || written <= decimals
            bytes.append(contentsOf: buffer[start...])
        }
    }

    private mutating func append(_ text: StaticString) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    private static func hexadecimal(_ digit: UInt8) -> UInt8 {
        digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
    }
}
