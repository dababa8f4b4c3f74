/// An 8-bit cyclic redundancy check, most significant bit first, not inverted at the end.
public struct CRC8: Sendable, Hashable {
    /// The generator without its leading x^8.
    public let polynomial: UInt8

    /// What the register holds before the first byte.
    public let initialValue: UInt8

    public init(polynomial: UInt8, initialValue: UInt8) {
        self.polynomial = polynomial
        self.initialValue = initialValue
    }

    /// The packet error code of SMBus, x^8 + x^2 + x + 1 (System Management Bus specification 3.3, "Packet Error Checking").
    public static let smbus = CRC8(polynomial: 0x07, initialValue: 0x00)

    /// Sensirion's, x^8 + x^5 + x^4 + 1 (SHT4x datasheet, section "Checksum calculation"; SHT3x, section 4.12).
    public static let sensirion = CRC8(polynomial: 0x31, initialValue: 0xFF)

    /// The check of the bytes. Over data with its own check behind it the result is 0.
    public func checksum(_ bytes: some Sequence<UInt8>) -> UInt8 {
        bytes.reduce(initialValue, adding)
    }

    /// The register after one more byte.
    func adding(_ register: UInt8, _ byte: UInt8) -> UInt8 {
        // Bit by bit: the longest answers are a few dozen bytes, not worth a table for each polynomial.
        var register = register ^ byte
        for _ in 0..<8 { register = register & 0x80 == 0 ? register << 1 : register << 1 ^ polynomial }
        return register
    }
}
