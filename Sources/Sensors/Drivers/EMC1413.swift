public import Hardware

/// Microchip EMC1412, EMC1413 or EMC1414: its own temperature and those of one, two or three remote diodes, in eighths
/// of a degree from 0 to 127 degrees (datasheet DS20005274).
public struct EMC1413: PolledDriver {
    public struct Device: Sendable {
        let chip: I2CChip
        let channels: Int
    }

    public let id: String
    private let port: I2CPort
    private let address: I2CAddress
    private let clock: any Clock<Duration>

    /// - Parameters:
    ///   - port: the bus the chip is on.
    ///   - address: 0x4C or 0x4D, or 0x18 and others, as the chip's part number and wiring have it.
    ///   - clock: the clock of the wait for the first measurement.
    public init(on port: I2CPort, address: I2CAddress = 0x4C, clock: any Clock<Duration> = ContinuousClock()) {
        id = "emc1413-\(address)"
        self.port = port
        self.address = address
        self.clock = clock
    }

    /// - Throws: `I2CError`, ``SensorError``.
    public func open() async throws -> Device {
        let chip = try I2CChip("EMC1413", at: address, on: port, clock: clock)
        // Sections "Product ID Register" and "SMSC ID Register".
        try await chip.identify(0xFE, as: [0x5D], what: "manufacturer id")
        let models: [UInt8] = [0x20, 0x21, 0x25]
        let model = try await chip.identify(0xFD, as: models, what: "product id")
        // Whoever had the chip before may have left it in standby, with the other range, or measuring every 16 seconds.
        // Section "Configuration Register": standby, so that it begins anew. Section "Conversion Rate Register": four
        // times in a second, as at power-up. Then measuring, range from 0 to 127 degrees.
        try await chip.write(3, 0x40)
        try await chip.write(4, 6)
        try await chip.write(3, 0)
        // Two periods, for a measurement that was under way may still come to its end.
        return Device(chip: chip.settling(for: .milliseconds(500)), channels: 2 + (models.firstIndex(of: model) ?? 0))
    }

    /// "temperature" is the chip's own, "temperature-1" that of the first diode.
    ///
    /// A diode that is broken or not connected has no measurement; the others have.
    /// - Throws: `I2CError`.
    public func sample(_ device: Device) async throws -> [Measurement] {
        try await device.chip.settled()
        // Section "External Diode Fault Register": bit 1 is the first diode.
        let faults = try await device.chip.read8(0x1B)
        var measurements: [Measurement] = []
        for (channel, register) in Self.registers.prefix(device.channels).enumerated() {
            guard faults >> channel & 1 == 0 || channel == 0 else { continue }
            // The upper byte first: this holds the lower one.
            let upper = try await device.chip.read8(register.upper)
            let lower = try await device.chip.read8(register.lower)
            let quantity: Quantity = channel == 0 ? .temperature : .temperature.of("\(channel)")
            measurements.append(Measurement(quantity, .number(Self.celsius(upper, lower))))
        }
        return measurements
    }

    /// Section "Temperature Data Registers": whole degrees, and eighths in the upper 3 bits.
    static func celsius(_ upper: UInt8, _ lower: UInt8) -> Double { Double(upper) + Double(lower >> 5) / 8 }

    /// Section "Register Map".
    private static let registers: [(upper: UInt8, lower: UInt8)] = [
        (0x00, 0x29), (0x01, 0x10), (0x23, 0x24), (0x2A, 0x2B),
    ]
}
