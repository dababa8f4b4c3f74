public import Hardware

/// Infineon DPS310: pressure and temperature (datasheet rev. 1.2).
public struct DPS310: PolledDriver {
    /// How often a value is measured to become one: more have less noise (register PRS_CFG, field PM_PRC).
    ///
    /// Those that need the results shifted (16 and more) are left out.
    public enum Oversampling: UInt8, Sendable, Hashable {
        case x1 = 0
        case x2 = 1
        case x4 = 2
        case x8 = 3

        /// Table "Compensation Scale Factors".
        var scale: Double { [524_288, 1_572_864, 3_670_016, 7_864_320][Int(rawValue)] }
    }

    public struct Device: Sendable {
        let chip: I2CChip
        let calibration: DPS310Calibration
    }

    public let id: String
    private let port: I2CPort
    private let address: I2CAddress
    private let oversampling: Oversampling
    private let clock: any Clock<Duration>

    /// - Parameters:
    ///   - port: the bus the chip is on.
    ///   - address: 0x77, or 0x76 with pin SDO low.
    ///   - oversampling: of pressure and temperature; the default is that of the kernel's driver.
    ///   - clock: the clock of the waits for the chip.
    public init(
        on port: I2CPort, address: I2CAddress = 0x77, oversampling: Oversampling = .x1,
        clock: any Clock<Duration> = ContinuousClock()
    ) {
        id = "dps310-\(address)"
        self.port = port
        self.address = address
        self.oversampling = oversampling
        self.clock = clock
    }

    /// - Throws: `I2CError`, ``SensorError``.
    public func open() async throws -> Device {
        let chip = try I2CChip("DPS310", at: address, on: port, clock: clock)
        // Product and Revision ID. QEMU's model of the chip has no such register and says 0xFF; what follows tells it from
        // others.
        try await chip.identify(0x0D, as: [0x10, 0xFF], what: "product id")
        // Soft reset. MEAS_CFG: bits 7 and 6, coefficients and sensor are ready, after 40 ms.
        try await chip.write(0x0C, 0x09)
        try await chip.wait(for: "its start", every: .milliseconds(10), attempts: 10) {
            try await chip.read8(Self.status) & 0xC0 == 0xC0
        }
        try await correctTemperatures(chip)
        // COEF_SRCE: which of the two sensors of temperature the coefficients were measured with.
        let source = try await chip.read8(0x28) & 0x80
        let temperatureConfiguration = source | 2 << 4 | oversampling.rawValue
        // PRS_CFG and TMP_CFG: 4 measurements in a second.
        try await chip.write(6, 2 << 4 | oversampling.rawValue)
        try await chip.write(7, temperatureConfiguration)
        try await chip.identify(7, as: [temperatureConfiguration], what: "configuration")
        // CFG_REG: results are not shifted, no FIFO.
        try await chip.write(9, 0)
        let calibration = DPS310Calibration(try await chip.read(0x10, 18), scale: oversampling.scale)
        // MEAS_CFG: both, in the background. The upper bits are the chip's to write, and kept.
        try await chip.write(Self.status, try await chip.read8(Self.status) & 0xF0 | 7)
        return Device(chip: chip, calibration: calibration)
    }

    /// - Throws: `I2CError`, ``SensorError``.
    public func sample(_ device: Device) async throws -> [Measurement] {
        // MEAS_CFG: bits 5 and 4; every quarter of a second both are measured.
        try await device.chip.wait(for: "a measurement", every: .milliseconds(25), attempts: 40) {
            try await device.chip.read8(Self.status) & 0x30 == 0x30
        }
        let bytes = try await device.chip.read(0, 6)
        let pressure = (Int(bytes.bigEndian(0)) << 8 | Int(bytes[2])).signed(bits: 24)
        let temperature = (Int(bytes.bigEndian(3)) << 8 | Int(bytes[5])).signed(bits: 24)
        return [
            Measurement(.temperature, .number(device.calibration.celsius(temperature))),
            Measurement(.pressure, .number(device.calibration.pascal(pressure, temperature: temperature))),
        ]
    }

    /// Some chips say 60 degrees at 20. What corrects them is not in the datasheet, but in the maker's own driver and the
    /// kernel's (drivers/iio/pressure/dps310.c), by which bit 1 of register 0x32 tells the others.
    private func correctTemperatures(_ chip: I2CChip) async throws {
        guard try await chip.read8(0x32) & 2 == 0 else { return }
        try await chip.write(0x0E, 0xA5)
        try await chip.write(0x0F, 0x96)
        try await chip.write(0x62, 0x02)
        try await chip.write(0x0E, 0)
        try await chip.write(0x0F, 0)
    }

    /// MEAS_CFG.
    private static let status: UInt8 = 8
}
