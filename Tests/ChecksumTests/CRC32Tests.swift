import Checksum
import Testing

struct CRC32Tests {
    /// The check value of the CRC catalogue, and `zlib.crc32` of Python.
    @Test(
        arguments: [
            ("", 0), ("a", 0xE8B7_BE43), ("123456789", 0xCBF4_3926),
            ("The quick brown fox jumps over the lazy dog", 0x414F_A339),
        ] as [(String, UInt32)])
    func isThatOfZlib(_ text: String, _ expected: UInt32) {
        #expect(crc32(Array(text.utf8)) == expected)
        #expect(crc32(text.utf8) == expected)
        // Whatever lies in front of it.
        #expect(crc32((Array("xyz".utf8) + Array(text.utf8)).dropFirst(3)) == expected)
    }
}
