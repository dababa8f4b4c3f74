public import Hardware

/// A National LM75 or one of its many copies: temperature in half degrees.
///
/// The chip has no identity; what answers must at least keep a configuration.
public struct LM75: PolledDriver {
    public let id: String
    private let port: I2CPort
    private let address: I2CAddress
    private let clock: any Clock<Duration>

    /// - Parameters:
    ///   - port: the bus the chip is on.
    ///   - address: 0x48 through 0x4F, as its pins A0 to A2 are wired.
    ///   - clock: the clock of the wait for the first conversion.
    public init(on port: I2CPort, address: I2CAddress = 0x48, clock: any Clock<Duration> = ContinuousClock()) {
        id = "lm75-\(address)"
        self.port = port
        self.address = address
        self.clock = clock
    }

    /// - Throws: `I2CError`, ``SensorError``.
    public func open() async throws -> I2CChip {
        let chip = try I2CChip("LM75", at: address, on: port, clock: clock)
        // LM75 datasheet SNOS808, section "Configuration Register": 0 is no shutdown and the state at power-up.
        try await chip.write(1, 0)
        try await chip.identify(1, as: [0], what: "configuration")
        // After a shutdown it tells its last temperature until the first conversion is over: at most 300 ms.
        return chip.settling(for: .milliseconds(300))
    }

    /// - Throws: `I2CError`.
    public func sample(_ chip: I2CChip) async throws -> [Measurement] {
        try await chip.settled()
        return [Measurement(.temperature, .number(TMP102.celsius(try await chip.read(0, 2), bits: 9)))]
    }
}
