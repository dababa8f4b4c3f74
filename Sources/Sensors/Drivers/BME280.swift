public import Hardware

/// Bosch BME280: temperature, pressure and relative humidity (datasheet BST-BME280-DS002).
public struct BME280: PolledDriver {
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
        // Section 5.4.1.
        setup = BoschBarometer.Setup(
            id: "bme280-\(address)", type: "BME280", ids: [0x60], hasHumidity: true, port: port, address: address,
            oversampling: oversampling,
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
