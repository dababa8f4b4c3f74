import Checksum

@testable import BootState

/// A legacy U-Boot image (include/image.h, `struct legacy_img_hdr`): what `iminfo` looks at.
enum LegacyImage {
    static let headerSize = 64

    static func make(_ content: [UInt8]) -> [UInt8] {
        var header = word(0x2705_1956) + word(0) + word(0) + word(UInt32(content.count)) + word(0) + word(0)
        header += word(crc32(content)) + [UInt8](repeating: 0, count: headerSize - 28)
        header.replaceSubrange(4..<8, with: word(crc32(header)))
        return header + content
    }

    /// Whether magic and both checksums are right.
    static func isSound(_ bytes: [UInt8]) -> Bool {
        guard bytes.count >= headerSize, number(bytes, 0) == 0x2705_1956 else { return false }
        var header = Array(bytes[..<headerSize])
        header.replaceSubrange(4..<8, with: word(0))
        let size = Int(number(bytes, 12))
        return crc32(header) == number(bytes, 4) && size <= bytes.count - headerSize
            && crc32(bytes[headerSize..<(headerSize + size)]) == number(bytes, 24)
    }

    private static func word(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
    }

    private static func number(_ bytes: [UInt8], _ offset: Int) -> UInt32 {
        bytes[offset..<(offset + 4)].reduce(0) { $0 << 8 | UInt32($1) }
    }
}
