internal import Hardware

/// Vishay VEML7700: illuminance as the eye sees it (datasheet 84286 and application note 84323).
///
/// Light beyond the range reads as the range's end.
public struct VEML7700: PolledDriver {
    /// What the range and the finest step follow from (command code 0, field ALS_GAIN).
    public enum Gain: UInt16, Sendable, Hashable {
        case x1 = 0
        case x2 = 1
        /// Up to 35,232 lx in steps of 0.54 lx, with the integration time of 100 ms.
        case eighth = 2
        case quarter = 3

        var factor: Double {
            switch self {
            case .x1: 1
            case .x2: 2
            case .eighth: 0.125
            case .quarter: 0.25
            }
        }
    }

    /// How long light is collected for a measurement (command code 0, field ALS_IT).
    public enum IntegrationTime: UInt16, Sendable, Hashable {
        case ms25 = 12
        case ms50 = 8
        case ms100 = 0
        case ms200 = 1
        case ms400 = 2
        case ms800 = 3

        var milliseconds: Int {
            switch self {
            case .ms25: 25
            case .ms50: 50
            case .ms100: 100
            case .ms200: 200
            case .ms400: 400
            case .ms800: 800
            }
        }
    }

    public let id: String
    private let port: I2CPort
    private let address: I2CAddress
    private let gain: Gain
    private let integration: IntegrationTime
    private let clock: any Clock<Duration>

    /// - Parameters:
    ///   - port: the bus the chip is on.
    ///   - gain: how much the light is amplified.
    ///   - integration: how long light is collected.
    ///   - clock: the clock of the wait for the first measurement.
    public init(
        on port: I2CPort, gain: Gain = .eighth, integration: IntegrationTime = .ms100,
        clock: any Clock<Duration> = ContinuousClock()
    ) {
        // The only one the chip has.
        address = 0x10
        id = "veml7700-\(address)"
        self.port = port
        self.gain = gain
        self.integration = integration
        self.clock = clock
    }

    /// - Throws: `I2CError`, ``SensorError``.
    public func open() async throws -> I2CChip {
        let chip = try I2CChip("VEML7700", at: address, on: port, clock: clock)
        // Command code 3: no power saving, which would slow it down. Command code 0: measure without end, no interrupt.
        try await chip.write16LittleEndian(3, 0)
        try await chip.write16LittleEndian(0, configuration)
        // Recent editions of the datasheet have an identity in command code 7; whether early chips have it, none tells.
        let found = try await chip.read16LittleEndian(0)
        guard found == configuration else {
            throw chip.wrongChip("configuration", hexadecimal(configuration), hexadecimal(found))
        }
        // Application note: 2.5 ms to wake up, then a whole integration.
        return chip.settling(for: .milliseconds(3 + integration.milliseconds))
    }

    /// - Throws: `I2CError`, ``SensorError/fault(sensor:what:hint:)``.
    public func sample(_ chip: I2CChip) async throws -> [Measurement] {
        try await chip.settled()
        let raw = try await chip.read16LittleEndian(4)
        // At power-up it is shut down and has another gain. Asked afterwards, so that it had its power all the while.
        let found = try await chip.read16LittleEndian(0)
        guard found == configuration else {
            throw chip.lostPower(
                "its configuration is \(hexadecimal(found)) and not \(hexadecimal(configuration))")
        }
        return [Measurement(.illuminance, .number(Self.lux(raw, gain, integration)))]
    }

    /// Command code 0.
    private var configuration: UInt16 { gain.rawValue << 11 | integration.rawValue << 6 }

    static func lux(_ raw: UInt16, _ gain: Gain, _ integration: IntegrationTime) -> Double {
        // Datasheet, table "Resolution": 0.0042 lx a count with gain 2 and 800 ms, proportional for the rest. Editions
        // before 2022 say 0.0036.
        let lux = Double(raw) * 0.0042 * (2 / gain.factor) * (800 / Double(integration.milliseconds))
        // Application note, section "Correction": the small gains bend beyond 1,000 lx.
        guard gain == .eighth || gain == .quarter, lux > 1000 else { return lux }
        return (((6.0135e-13 * lux - 9.3924e-9) * lux + 8.1488e-5) * lux + 1.0023) * lux
    }
}
