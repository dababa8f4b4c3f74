/// The CRC-32 of zlib and Ethernet (reflected polynomial 0xEDB88320, initial value and final XOR 0xFFFFFFFF): the one
/// U-Boot's `env import -c` checks.
///
/// Bit by bit: it runs over 508 bytes a few times per boot, which a table would not make noticeably faster.
func crc32(_ bytes: some Sequence<UInt8>) -> UInt32 {
    var remainder: UInt32 = 0xFFFF_FFFF
    for byte in bytes {
        remainder ^= UInt32(byte)
        for _ in 0..<8 {
            // The polynomial where the lowest bit is set, without a branch that half of the time goes the wrong way.
            remainder = remainder >> 1 ^ (0xEDB8_8320 & (0 &- (remainder & 1)))
        }
    }
    return ~remainder
}
