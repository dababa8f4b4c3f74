internal import Hardware

/// Maxim DS3231: a clock with a battery whose oscillator is corrected by temperature (datasheet 19-5170). As a sensor it
/// reports temperature and time.
public struct DS3231: PolledDriver {
    public let id: String
    private let port: I2CPort
    private let address: I2CAddress

    /// - Parameter port: the bus the chip is on.
    public init(on port: I2CPort) {
        // Section "I2C Serial Data Bus": the only one.
        address = 0x68
        id = "ds3231-\(address)"
        self.port = port
    }

    /// - Throws: what `I2CPort.open()` throws.
    public func open() throws -> RealTimeClock {
        // Section "Status Register (0Fh)": bit 7, OSF.
        RealTimeClock(chip: try I2CChip("DS3231", at: address, on: port), flag: (0x0F, 0x80))
    }

    /// - Throws: `I2CError`, ``SensorError``.
    public func sample(_ clock: RealTimeClock) async throws -> [Measurement] {
        let celsius = Self.celsius(try await clock.chip.read16(0x11))
        return [
            Measurement(.temperature, .number(celsius)),
            Measurement(.time, .number(Double(try await clock.time()))),
        ]
    }

    /// Section "Temperature Registers (11h–12h)": quarters of a degree, left-justified.
    static func celsius(_ register: UInt16) -> Double { Double(register.signed(bits: 16) >> 6) / 4 }
}
