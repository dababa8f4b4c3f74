public import Hardware

/// Bosch BMP280: temperature and pressure (datasheet BST-BMP280-DS001).
public struct BMP280: PolledDriver {
    public let id: String
    private let port: I2CPort
    private let address: I2CAddress
    private let oversampling: BoschBarometer.Oversampling
    private let clock: any Clock<Duration>

    /// - Parameters:
    ///   - port: the bus the chip is on.
    ///   - address: 0x76, or 0x77 with pin SDO high.
    ///   - oversampling: of all that is measured.
    ///   - clock: the clock of the waits for the chip.
    public init(
        on port: I2CPort, address: I2CAddress = 0x76, oversampling: BoschBarometer.Oversampling = .x1,
        clock: any Clock<Duration> = ContinuousClock()
    ) {
        id = "bmp280-\(address)"
        self.port = port
        self.address = address
        self.oversampling = oversampling
        self.clock = clock
    }

    /// - Throws: `I2CError`, ``SensorError``.
    public func open() async throws -> BoschBarometer {
        // Section 4.3.1; the others are samples.
        try await BoschBarometer.open(
            "BMP280", ids: [0x58, 0x57, 0x56], hasHumidity: false, at: address, on: port, oversampling: oversampling,
            clock: clock)
    }

    /// - Throws: `I2CError`, ``SensorError``.
    public func sample(_ barometer: BoschBarometer) async throws -> [Measurement] {
        try await barometer.sample()
    }
}
