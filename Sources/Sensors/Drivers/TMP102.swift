public import Hardware

/// Texas Instruments TMP102 and the chips with the same temperature register, as they are at power-up: nothing is
/// written to the chip. ``TMP105`` and ``LM75`` look who answers, and a TMP105 has its full resolution only there.
///
/// Register 0 holds the temperature, big-endian two's complement, left-justified: 1/256 degree Celsius per unit of the
/// 16 bits (TMP102 datasheet SBOS397, section "Temperature Register"; TMP105 SLLS648; LM75 SNOS808).
public struct TMP102: PolledDriver {
    public let id: String
    private let port: I2CPort
    private let address: I2CAddress
    private let bits: Int

    /// - Parameters:
    ///   - port: the bus the chip is on.
    ///   - address: 0x48 through 0x4B for a TMP102, as its pin ADD0 is wired; 0x48 through 0x4F for the others.
    ///   - bits: how many of the 16 the chip measures, 9 through 12: 12 for a TMP102; 9 for an LM75, which leaves the
    ///     rest undefined.
    public init(on port: I2CPort, address: I2CAddress = 0x48, bits: Int = 12) {
        id = "tmp102-\(address)"
        self.port = port
        self.address = address
        self.bits = min(max(bits, 9), 12)
    }

    public func open() throws -> I2CBus {
        try port.open()
    }

    /// - Throws: `I2CError`.
    public func sample(_ bus: I2CBus) async throws -> [Measurement] {
        let register = try await bus.write([0], thenRead: 2, at: address)
        return [Measurement(.temperature, .number(Self.celsius(register, bits: bits)))]
    }

    static func celsius(_ register: [UInt8], bits: Int) -> Double {
        let raw = register.reduce(UInt16(0)) { $0 << 8 | UInt16($1) }
        return Double(Int16(bitPattern: raw & UInt16.max << (16 - bits))) / 256
    }
}
