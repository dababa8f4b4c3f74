import JSON

/// CBOR as JSON, written from RFC 8949 and section 6 of RFC 8428: integer keys become the names of table 4.
struct CBORDecoder {
    struct Malformed: Error, Hashable {
        let offset: Int
    }

    private let bytes: [UInt8]
    private var offset = 0

    /// - Throws: ``Malformed``, also when something follows the first item.
    static func decode(_ bytes: [UInt8]) throws -> JSON {
        var decoder = CBORDecoder(bytes: bytes)
        let value = try decoder.value()
        guard decoder.offset == bytes.count else { throw Malformed(offset: decoder.offset) }
        return value
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private static let names: [Int64: String] = [
        -6: "bs", -5: "bv", -4: "bu", -3: "bt", -2: "bn", -1: "bver", 0: "n", 1: "u", 2: "v", 3: "vs", 4: "vb", 5: "s",
        6: "t", 7: "ut", 8: "vd",
    ]

    private mutating func byte() throws -> UInt8 {
        guard offset < bytes.count else { throw Malformed(offset: offset) }
        defer { offset += 1 }
        return bytes[offset]
    }

    private mutating func bigEndian(_ count: Int) throws -> UInt64 {
        try (0..<count).reduce(into: UInt64(0)) { value, _ in value = value << 8 | UInt64(try byte()) }
    }

    private mutating func argument(_ information: UInt8) throws -> UInt64 {
        switch information {
        case ..<24: UInt64(information)
        case 24...27: try bigEndian(1 << (information - 24))
        default: throw Malformed(offset: offset)
        }
    }

    private mutating func value() throws -> JSON {
        let initial = try byte()
        let information = initial & 0x1F
        switch initial >> 5 {
        case 0: return .integer(Int64(truncatingIfNeeded: try argument(information)))
        case 1: return .integer(~Int64(truncatingIfNeeded: try argument(information)))
        case 3:
            let count = Int(clamping: try argument(information))
            guard count <= bytes.count - offset,
                let text = String(validating: bytes[offset..<offset + count], as: UTF8.self)
            else { throw Malformed(offset: offset) }
            offset += count
            return .string(text)
        case 4: return .array(try (0..<(try argument(information))).map { _ in try value() })
        case 5:
            var object = JSON.Object()
            for _ in 0..<(try argument(information)) {
                switch try value() {
                case .string(let key) where object[key] == nil: object[key] = try value()
                case .integer(let label):
                    guard let key = Self.names[label], object[key] == nil else { throw Malformed(offset: offset) }
                    object[key] = try value()
                default: throw Malformed(offset: offset)
                }
            }
            return .object(object)
        case 6:
            guard try argument(information) == 4, case .array(let parts) = try value(), parts.count == 2,
                let exponent = parts[0].integerValue, let mantissa = parts[1].integerValue,
                // As a reader of text would, which rounds once.
                let number = Double("\(mantissa)e\(exponent)")
            else { throw Malformed(offset: offset) }
            return .number(number)
        case 7:
            switch information {
            case 20: return .bool(false)
            case 21: return .bool(true)
            case 25: return .number(Double(Float16(bitPattern: UInt16(try bigEndian(2)))))
            case 26: return .number(Double(Float(bitPattern: UInt32(try bigEndian(4)))))
            case 27: return .number(Double(bitPattern: try bigEndian(8)))
            default: throw Malformed(offset: offset)
            }
        default: throw Malformed(offset: offset)
        }
    }
}
