/// The address of a device on an I2C bus: 0x08 to 0x77, or one of the rare ones with 10 bits.
///
/// The 7-bit addresses below and above are reserved for general call, high-speed mode and 10-bit addressing
/// (NXP UM10204 rev. 7, section 3.1.12, table 4). The read/write bit of the wire format is not part of an address.
public struct I2CAddress: Sendable, Hashable, CustomStringConvertible {
    public let rawValue: UInt16

    /// Whether it is sent as two bytes (UM10204, section 3.1.11). Few adapters can; the Pi's cannot.
    public let isTenBit: Bool

    /// The addresses a device may have.
    public static let range: ClosedRange<Int> = 0x08...0x77

    /// For an address from outside of the program, such as a configuration file.
    /// - Throws: ``I2CError/invalidAddress(_:)`` outside of ``range``.
    public init(_ value: Int) throws(I2CError) {
        guard Self.range.contains(value) else { throw .invalidAddress(value) }
        self.init(value: UInt16(value), isTenBit: false)
    }

    /// An address of 10 bits, 0 to 0x3FF.
    /// - Throws: ``I2CError/invalidTenBitAddress(_:)``.
    public static func tenBit(_ value: Int) throws(I2CError) -> I2CAddress {
        guard (0...0x3FF).contains(value) else { throw .invalidTenBitAddress(value) }
        return I2CAddress(value: UInt16(value), isTenBit: true)
    }

    private init(value: UInt16, isTenBit: Bool) {
        rawValue = value
        self.isTenBit = isTenBit
    }

    public var description: String { hexadecimal(Int(rawValue)) + (isTenBit ? " (10 bits)" : "") }
}

extension I2CAddress: ExpressibleByIntegerLiteral {
    /// For an address written in the program. One outside of ``range`` is a mistake in the source and stops the process.
    public init(integerLiteral value: UInt8) {
        precondition(Self.range.contains(Int(value)), "\(hexadecimal(Int(value))) is not a 7-bit I2C device address")
        self.init(value: UInt16(value), isTenBit: false)
    }
}

/// The notation of datasheets and of i2cdetect: 0x and at least two digits.
func hexadecimal(_ value: Int) -> String {
    let digits = String(value.magnitude, radix: 16)
    return (value < 0 ? "-0x" : "0x") + (digits.utf8.count < 2 ? "0" : "") + digits
}
