public import Hardware

/// Bosch BMP280: temperature and pressure (datasheet BST-BMP280-DS001).
public struct BMP280: PolledDriver {
    private let setup: BoschBarometer.Setup

    public var id: String { setup.id }

    /// - Parameters:
    ///   - port: the bus the chip is on.
    ///   - address: 0x76, or 0x77 with pin SDO high.
    ///   - oversampling: of all that is measured.
    ///   - clock: the clock of the waits for the chip.
    public init(
        on port: I2CPort, address: I2CAddress = 0x76, oversampling: BoschBarometer.Oversampling = .x1,
        clock: any Clock<Duration> = ContinuousClock()
    ) {
        // Section 4.3.1; the others than 0x58 are samples.
        setup = BoschBarometer.Setup(
            id: "bmp280-\(address)", type: "BMP280", ids: [0x58, 0x57, 0x56], hasHumidity: false, port: port,
            address: address, oversampling: oversampling,
            clock: clock)
    }

    /// - Throws: `I2CError`, ``SensorError``.
    public func open() async throws -> BoschBarometer {
        try await setup.open()
    }

    /// - Throws: `I2CError`, ``SensorError``.
    public func sample(_ barometer: BoschBarometer) async throws -> [Measurement] {
        try await barometer.sample()
    }
}
