/// The 7-bit address of a device on an I2C bus, 0x08 to 0x77.
///
/// The addresses below and above are reserved for general call, high-speed mode and 10-bit addressing
/// (NXP UM10204 rev. 7, section 3.1.12, table 4). The read/write bit of the wire format is not part of an address.
public struct I2CAddress: Sendable, Hashable, CustomStringConvertible {
    public let rawValue: UInt8

    /// The addresses a device may have.
    public static let range: ClosedRange<Int> = 0x08...0x77

    /// For an address from outside of the program, such as a configuration file.
    /// - Throws: ``I2CError/invalidAddress(_:)`` outside of ``range``.
    public init(_ value: Int) throws(I2CError) {
        guard Self.range.contains(value) else { throw .invalidAddress(value) }
        rawValue = UInt8(value)
    }

    public var description: String { hexadecimal(Int(rawValue)) }
}

extension I2CAddress: ExpressibleByIntegerLiteral {
    /// For an address written in the program. One outside of ``range`` is a mistake in the source and stops the process.
    public init(integerLiteral value: UInt8) {
        precondition(Self.range.contains(Int(value)), "\(hexadecimal(Int(value))) is not a 7-bit I2C device address")
        rawValue = value
    }
}

/// The notation of datasheets and of i2cdetect: 0x and at least two digits.
func hexadecimal(_ value: Int) -> String {
    let digits = String(value.magnitude, radix: 16)
    return (value < 0 ? "-0x" : "0x") + (digits.utf8.count < 2 ? "0" : "") + digits
}
