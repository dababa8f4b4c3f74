public import Hardware

/// Rohm BH1750FVI: illuminance up to 54,612 lx (datasheet 2014.05 rev. D).
///
/// The chip can be asked for nothing but light: another one at its address is not noticed.
public struct BH1750: PolledDriver {
    public let id: String
    private let port: I2CPort
    private let address: I2CAddress
    private let clock: any Clock<Duration>

    /// - Parameters:
    ///   - port: the bus the chip is on.
    ///   - address: 0x23, or 0x5C with pin ADDR high.
    ///   - clock: the clock of the waits for the chip.
    public init(on port: I2CPort, address: I2CAddress = 0x23, clock: any Clock<Duration> = ContinuousClock()) {
        id = "bh1750-\(address)"
        self.port = port
        self.address = address
        self.clock = clock
    }

    /// - Throws: `I2CError`.
    public func open() async throws -> I2CChip {
        let chip = try I2CChip("BH1750", at: address, on: port, clock: clock)
        // Section "Instruction Set Architecture": power on, reset of the data, then the measurement time's default of 69
        // in two parts, which outlives a restart of ours.
        try await chip.send([0x01])
        try await chip.send([0x07])
        try await chip.send([0x40 | Self.measurementTime >> 5])
        try await chip.send([0x60 | Self.measurementTime & 0x1F])
        return chip
    }

    /// - Throws: `I2CError`.
    public func sample(_ chip: I2CChip) async throws -> [Measurement] {
        // Once, with a resolution of 1 lx; section "Electrical Characteristics": at most 180 ms.
        try await chip.send([0x20])
        try await chip.pause(.milliseconds(180))
        let raw = try await chip.read(2).bigEndian(0)
        return [Measurement(.illuminance, .number(Self.lux(raw)))]
    }

    /// Section "I2C Bus Access", "Read Format".
    static func lux(_ raw: UInt16) -> Double { Double(raw) / 1.2 }

    private static let measurementTime: UInt8 = 69
}
