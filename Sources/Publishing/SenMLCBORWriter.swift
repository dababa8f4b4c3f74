/// Records as CBOR (RFC 8428, section 6; RFC 8949): an array of maps, both of definite length.
///
/// A number is an integer where it is whole, otherwise the shortest that reads back as the same double: half, single or
/// double precision, or a decimal fraction (tag 4, which section 6 allows).
struct SenMLCBORWriter: SenMLWriter {
    /// The major types (RFC 8949, section 3.1), in the upper three bits.
    private enum Major {
        static let unsigned: UInt8 = 0 << 5
        static let negative: UInt8 = 1 << 5
        static let text: UInt8 = 3 << 5
        static let array: UInt8 = 4 << 5
        static let map: UInt8 = 5 << 5
    }

    private(set) var bytes: [UInt8] = []
    /// Where the head of the present record's map stands.
    private var record = 0
    private var fields: UInt8 = 0

    init(records: Int, capacity: Int) {
        bytes.reserveCapacity(capacity)
        head(Major.array, UInt64(records))
    }

    mutating func beginRecord() {
        record = bytes.count
        fields = 0
        bytes.append(Major.map)
    }

    /// A record has fewer than 24 fields, so its map's head is one byte.
    mutating func endRecord() { bytes[record] = Major.map | fields }

    mutating func endPack() {}

    @inline(__always)
    mutating func key(_ field: SenMLField) {
        fields += 1
        let key = field.cbor
        bytes.append(contentsOf: UnsafeBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount))
    }

    mutating func text(_ text: String) {
        head(Major.text, UInt64(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }

    mutating func name(_ name: [UInt8]) {
        head(Major.text, UInt64(name.count))
        bytes.append(contentsOf: name)
    }

    /// Simple values 20 and 21 (section 3.3).
    mutating func bool(_ value: Bool) { bytes.append(value ? 0xF5 : 0xF4) }

    @inline(__always)
    mutating func integer(_ value: Int64) {
        // A negative integer n is written as -1 - n, which is its complement.
        if value < 0 { head(Major.negative, UInt64(~value)) } else { head(Major.unsigned, UInt64(value)) }
    }

    @inline(__always)
    mutating func decimal(_ value: Decimal) {
        let mantissa = value.mantissa
        let argument = UInt64(mantissa < 0 ? ~mantissa : mantissa)
        let double = value.double
        // A decimal fraction takes 3 bytes and its mantissa's 1, 2, 3, 5 or 9.
        if let half = Float16(exactly: double) {
            bytes.append(0xF9)
            bigEndian(UInt64(half.bitPattern), count: 2)
        } else if argument >= 24, let single = Float(exactly: double) {
            bytes.append(0xFA)
            bigEndian(UInt64(single.bitPattern), count: 4)
        } else if argument <= 0xFFFF_FFFF {
            bytes.append(0xC4)
            bytes.append(Major.array | 2)
            bytes.append(Major.negative | UInt8(value.decimals - 1))
            integer(mantissa)
        } else {
            self.double(double)
        }
    }

    @inline(__always)
    mutating func double(_ value: Double) {
        if let single = Float(exactly: value) {
            bytes.append(0xFA)
            bigEndian(UInt64(single.bitPattern), count: 4)
        } else {
            bytes.append(0xFB)
            bigEndian(value.bitPattern, count: 8)
        }
    }

    /// The initial byte and its argument in the fewest bytes (section 3).
    @inline(__always)
    private mutating func head(_ major: UInt8, _ argument: UInt64) {
        switch argument {
        case ..<24:
            bytes.append(major | UInt8(argument))
        case ...0xFF:
            bytes.append(major | 24)
            bytes.append(UInt8(argument))
        case ...0xFFFF:
            bytes.append(major | 25)
            bigEndian(argument, count: 2)
        case ...0xFFFF_FFFF:
            bytes.append(major | 26)
            bigEndian(argument, count: 4)
        default:
            bytes.append(major | 27)
            bigEndian(argument, count: 8)
        }
    }

    private mutating func bigEndian(_ value: UInt64, count: Int) {
        var shift = count * 8
        while shift > 0 {
            shift -= 8
            bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift)))
        }
    }
}
