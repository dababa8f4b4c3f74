public import Hardware

/// Texas Instruments TMP105, TMP75 or TMP175: temperature in sixteenths of a degree.
///
/// They measure 9 bits at power-up and are set to 12 (TMP105 datasheet SLLS648, section "Configuration Register").
public struct TMP105: PolledDriver {
    public let id: String
    private let port: I2CPort
    private let address: I2CAddress
    private let clock: any Clock<Duration>

    /// - Parameters:
    ///   - port: the bus the chip is on.
    ///   - address: 0x48 through 0x4F, as its pins are wired; a TMP105 has 0x48 and 0x49.
    ///   - clock: the clock of the wait for the first conversion.
    public init(on port: I2CPort, address: I2CAddress = 0x48, clock: any Clock<Duration> = ContinuousClock()) {
        id = "tmp105-\(address)"
        self.port = port
        self.address = address
        self.clock = clock
    }

    /// - Throws: `I2CError`, ``SensorError``.
    public func open() async throws -> I2CChip {
        let chip = try I2CChip("TMP105", at: address, on: port, clock: clock)
        // R1 and R0 set, no shutdown, comparator mode.
        let configuration: UInt8 = 0x60
        try await chip.write(1, configuration)
        // Bit 7 tells of the alert.
        let found = try await chip.read8(1) & 0x7F
        guard found == configuration else {
            throw chip.wrongChip("configuration", hexadecimal(configuration), hexadecimal(found))
        }
        // What the register holds now has 9 bits still. A conversion of 12 takes at most 300 ms (section "Specifications").
        return chip.settling(for: .milliseconds(300))
    }

    /// - Throws: `I2CError`.
    public func sample(_ chip: I2CChip) async throws -> [Measurement] {
        try await chip.settled()
        return [Measurement(.temperature, .number(TMP102.celsius(try await chip.read(0, 2), bits: 12)))]
    }
}
