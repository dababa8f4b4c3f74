public import Hardware

/// Texas Instruments INA219: voltage of a supply, and current and power through it, by the voltage at a shunt resistor
/// (datasheet SBOS448).
///
/// Current and power are computed here, not in the chip, whose 16 bits for them would round and can overflow.
public struct INA219: PolledDriver {
    public let id: String
    private let port: I2CPort
    private let address: I2CAddress
    private let shunt: Double
    private let clock: any Clock<Duration>

    /// - Parameters:
    ///   - port: the bus the chip is on.
    ///   - address: 0x40 through 0x4F, as its pins A0 and A1 are wired.
    ///   - shunt: the resistor in ohms; 0.1 on most boards, which measures up to 3.2 A.
    ///   - clock: the clock of the waits for the chip.
    public init(
        on port: I2CPort, address: I2CAddress = 0x40, shunt: Double = 0.1,
        clock: any Clock<Duration> = ContinuousClock()
    ) {
        id = "ina219-\(address)"
        self.port = port
        self.address = address
        self.shunt = shunt
        self.clock = clock
    }

    /// - Throws: `I2CError`, ``SensorError``.
    public func open() async throws -> I2CChip {
        let chip = try I2CChip("INA219", at: address, on: port, clock: clock)
        guard shunt > 0, shunt.isFinite else {
            throw SensorError.invalidArgument(
                sensor: chip.name, what: "a shunt of \(shunt) ohms cannot be; it is more than 0")
        }
        // Section 8.6.2.1: bit 15 is reset, after which the register says 0x399F, which is all the identity it has.
        try await chip.write16(0, 0x8000)
        try await chip.identify16(0, as: 0x399F, what: "configuration after reset")
        return chip
    }

    /// - Throws: `I2CError`, ``SensorError``.
    public func sample(_ chip: I2CChip) async throws -> [Measurement] {
        // Section 8.6.3.2: to read the power clears "conversion ready".
        _ = try await chip.read16(3)
        // Section 8.6.2.1: 32 V, shunt 320 mV, 16 samples of 12 bits, both once.
        try await chip.write16(0, 0x2000 | 0x1800 | 0xC << 7 | 0xC << 3 | 3)
        // Section 8.6.2.1, table 5: 8.51 ms for each of the two.
        try await chip.pause(.microseconds(17_020))
        var register: UInt16 = 0
        try await chip.wait(for: "the conversion", every: .milliseconds(1), attempts: 10) {
            register = try await chip.read16(2)
            return register & 2 != 0
        }
        let volts = Self.volts(register)
        let amperes = Self.shuntVolts(try await chip.read16(1)) / shunt
        return [
            Measurement(.voltage, .number(volts)), Measurement(.current, .number(amperes)),
            Measurement(.power, .number(volts * amperes)),
        ]
    }

    /// Section 8.6.3.2: 4 mV a unit, above three flags.
    static func volts(_ register: UInt16) -> Double { Double(register >> 3) * 4 / 1000 }

    /// Section 8.6.3.1: 10 uV a unit.
    static func shuntVolts(_ register: UInt16) -> Double { Double(register.signed(bits: 16)) / 100_000 }
}
