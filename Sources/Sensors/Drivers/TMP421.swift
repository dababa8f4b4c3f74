public import Hardware

/// Texas Instruments TMP421, TMP422 or TMP423: its own temperature and those of one, two or three remote diodes, in
/// sixteenths of a degree from -40 to 127 degrees (datasheet SBOS398).
public struct TMP421: PolledDriver {
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
    ///   - address: 0x1C through 0x1F, 0x2A, or 0x4C through 0x4F, as chip and wiring have it.
    ///   - clock: the clock of the wait for the first measurement.
    public init(on port: I2CPort, address: I2CAddress = 0x4C, clock: any Clock<Duration> = ContinuousClock()) {
        id = "tmp421-\(address)"
        self.port = port
        self.address = address
        self.clock = clock
    }

    /// - Throws: `I2CError`, ``SensorError``.
    public func open() async throws -> Device {
        let chip = try I2CChip("TMP421", at: address, on: port, clock: clock)
        // Section "Identification Registers".
        try await chip.identify(0xFE, as: [0x55], what: "manufacturer id")
        let model = try await chip.identify(0xFF, as: [0x21, 0x22, 0x23], what: "device id")
        // Section "Configuration Register 1": measuring, standard range.
        try await chip.write(9, 0)
        // Section "Timing": a channel with resistance correction takes at most 115 ms, and there are four at most.
        return Device(chip: chip.settling(for: .milliseconds(460)), channels: Int(model & 0x0F) + 1)
    }

    /// "temperature" is the chip's own, "temperature-1" that of the first diode.
    ///
    /// A diode that is broken or not connected has no measurement; the others have.
    /// - Throws: `I2CError`, ``SensorError/fault(sensor:what:hint:)``.
    public func sample(_ device: Device) async throws -> [Measurement] {
        try await device.chip.settled()
        var measurements: [Measurement] = []
        for channel in 0..<UInt8(device.channels) {
            // The upper byte first: this holds the lower one until it is read, too.
            let upper = try await device.chip.read8(channel)
            let lower = try await device.chip.read8(0x10 | channel)
            // Section "Undervoltage Lockout": of every channel, as they have one supply.
            guard lower & Self.lowSupply == 0 else {
                throw device.chip.fault("its supply is too low to measure", hint: "it needs 2.7 V at least")
            }
            guard let celsius = Self.celsius(upper, lower) else { continue }
            let quantity: Quantity = channel == 0 ? .temperature : .temperature.of("\(channel)")
            measurements.append(Measurement(quantity, .number(celsius)))
        }
        return measurements
    }

    /// Nil when the flags in the lower byte say that the diode is open or was measured at too low a supply.
    static func celsius(_ upper: UInt8, _ lower: UInt8) -> Double? {
        guard lower & (openDiode | lowSupply) == 0 else { return nil }
        return Double([upper, lower & 0xF0].bigEndian(0).signed(bits: 16)) / 256
    }

    // Table 3 (SBOS398C), bits OPEN and PVLD of the lower bytes.
    private static let openDiode: UInt8 = 0x01
    private static let lowSupply: UInt8 = 0x02
}
