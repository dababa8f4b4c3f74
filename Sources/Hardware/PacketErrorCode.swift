/// The checksum of an SMBus command, address bytes included (SMBus 3.3, "Packet Error Checking").
struct PacketErrorCode {
    private(set) var value = CRC8.smbus.initialValue

    init() {}

    /// Of a command that begins with a write.
    init(writingTo address: I2CAddress) {
        add(Self.addressByte(address))
    }

    mutating func addReadAddress(_ address: I2CAddress) {
        add(Self.addressByte(address) | 1)
    }

    mutating func add(_ byte: UInt8) {
        value = CRC8.smbus.adding(value, byte)
    }

    /// As on the wire; SMBus knows no addresses of 10 bits, and their low byte is as good as any.
    private static func addressByte(_ address: I2CAddress) -> UInt8 {
        UInt8(truncatingIfNeeded: address.rawValue << 1)
    }
}
