/// The checksum of SMBus: CRC-8 with the polynomial x^8 + x^2 + x + 1, from 0 (SMBus 3.3, section 5.4.1.2).
struct PacketErrorCode {
    private(set) var value: UInt8 = 0

    init() {}

    /// Of a command that begins with a write.
    init(writingTo address: I2CAddress) {
        add(Self.addressByte(address))
    }

    mutating func addReadAddress(_ address: I2CAddress) {
        add(Self.addressByte(address) | 1)
    }

    mutating func add(_ byte: UInt8) {
        value ^= byte
        for _ in 0..<8 { value = value & 0x80 == 0 ? value << 1 : value << 1 ^ 0x07 }
    }

    /// As on the wire; SMBus knows no addresses of 10 bits, and their low byte is as good as any.
    private static func addressByte(_ address: I2CAddress) -> UInt8 {
        UInt8(truncatingIfNeeded: address.rawValue << 1)
    }
}
