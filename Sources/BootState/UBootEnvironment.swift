internal import Checksum

/// A U-Boot environment block as `env import -c` and `env export -c` read and write it: the CRC-32 (little-endian) of all
/// that follows, then `name=value` texts, each ended by a zero byte, a further zero byte, and zeros to the end.
enum UBootEnvironment {
    /// Bytes in most blocks: one sector, which SD cards write as a whole.
    static let blockSize = 512
    /// Bytes before the text: the checksum.
    private static let headerSize = 4

    /// - Parameter size: bytes the block must have.
    static func decode(_ block: [UInt8], size: Int = blockSize) throws(BootStateError) -> [String: String] {
        guard block.count == size else { throw .wrongLength(block.count) }
        let stored = block[..<headerSize].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        let computed = crc32(block[headerSize...])
        guard stored == computed else { throw .wrongChecksum(stored: stored, computed: computed) }
        return try variables(in: block[headerSize...])
    }

    /// The block, variables sorted by name as U-Boot's `env export` sorts them.
    ///
    /// - Parameter size: bytes the block is to have.
    /// - Throws: ``BootStateError/tooLarge(bytes:)``.
    static func encode(
        _ variables: [String: String], size: Int = blockSize
    ) throws(BootStateError) -> [UInt8] {
        var text: [UInt8] = []
        for (name, value) in variables.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            text += Array("\(name)=\(value)".utf8) + [0]
        }
        text.append(0)
        let room = size - headerSize
        guard text.count <= room else { throw .tooLarge(bytes: text.count) }
        text += Array(repeating: 0, count: room - text.count)
        let checksum = crc32(text)
        return (0..<headerSize).map { UInt8(truncatingIfNeeded: checksum >> (8 * $0)) } + text
    }

    /// The `name=value` texts of a block.
    private static func variables(in text: ArraySlice<UInt8>) throws(BootStateError) -> [String: String] {
        var variables: [String: String] = [:]
        var rest = text
        while rest.first != 0 {
            guard let end = rest.firstIndex(of: 0), let equals = rest[..<end].firstIndex(of: UInt8(ascii: "=")),
                equals > rest.startIndex,
                let name = String(validating: rest[..<equals], as: UTF8.self),
                let value = String(validating: rest[(equals + 1)..<end], as: UTF8.self)
            else { throw .malformedText }
            guard variables.updateValue(value, forKey: name) == nil else { throw .duplicateVariable(name) }
            rest = rest[(end + 1)...]
        }
        return variables
    }

    /// The value of 1 to `maximumDigits` hexadecimal digits, otherwise nil.
    static func hexadecimal(_ text: String, maximumDigits: Int) -> UInt32? {
        // Swift would take a sign as well, even in "-0".
        guard (1...maximumDigits).contains(text.utf8.count),
            text.utf8.first != UInt8(ascii: "+"), text.utf8.first != UInt8(ascii: "-")
        else { return nil }
        return UInt32(text, radix: 16)
    }
}
