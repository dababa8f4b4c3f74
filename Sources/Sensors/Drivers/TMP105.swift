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
        try await chip.write(1, Self.configuration)
        let found = try await readConfiguration(chip)
        guard found == Self.configuration else {
            throw chip.wrongChip("configuration", hexadecimal(Self.configuration), hexadecimal(found))
        }
        // What the register holds now has 9 bits still. A conversion of 12 takes at most 300 ms (section "Specifications").
        return chip.settling(for: .milliseconds(300))
    }

    /// - Throws: `I2CError`, ``SensorError/fault(sensor:what:hint:)``.
    public func sample(_ chip: I2CChip) async throws -> [Measurement] {
        try await chip.settled()
        let temperature = try await chip.read(0, 2)
        // At power-up it says 0 degrees at first, and then measures 9 bits. Asked afterwards, so that it had its power
        // all the while.
        let found = try await readConfiguration(chip)
        guard found == Self.configuration else {
            throw chip.lostPower(
                "its configuration is \(hexadecimal(found)) and not \(hexadecimal(Self.configuration))")
        }
        return [Measurement(.temperature, .number(TMP102.celsius(temperature, bits: 12)))]
    }

    /// Without bit 7, which tells of the alert.
    private func readConfiguration(_ chip: I2CChip) async throws -> UInt8 {
        try await chip.read8(1) & 0x7F
    }

    /// R1 and R0 set, no shutdown, comparator mode.
    private static let configuration: UInt8 = 0x60
}
