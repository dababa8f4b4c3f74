public import Hardware

/// Texas Instruments ADS1115: four voltages, or differences of them, with 16 bits (datasheet SBAS444).
///
/// The inputs are measured one after the other. A voltage beyond the range reads as the range's end.
public struct ADS1115: PolledDriver {
    /// What is measured: one pin against ground, or against another pin (config register, field MUX).
    public enum Input: UInt16, Sendable, Hashable {
        case a0a1, a0a3, a1a3, a2a3, a0, a1, a2, a3
    }

    /// The largest magnitude (config register, field PGA). Pins must stay within the supply whatever the range is.
    public enum Range: UInt16, Sendable, Hashable {
        case mV6144, mV4096, mV2048, mV1024, mV512, mV256

        /// In volts.
        var limit: Double {
            switch self {
            case .mV6144: 6.144
            case .mV4096: 4.096
            case .mV2048: 2.048
            case .mV1024: 1.024
            case .mV512: 0.512
            case .mV256: 0.256
            }
        }
    }

    /// Measurements in a second: fewer have less noise (config register, field DR).
    public enum Rate: UInt16, Sendable, Hashable {
        case hz8, hz16, hz32, hz64, hz128, hz250, hz475, hz860

        var perSecond: Int { [8, 16, 32, 64, 128, 250, 475, 860][Int(rawValue)] }
    }

    public let id: String
    private let port: I2CPort
    private let address: I2CAddress
    private let inputs: [Input]
    private let range: Range
    private let rate: Rate
    private let clock: any Clock<Duration>

    /// - Parameters:
    ///   - port: the bus the chip is on.
    ///   - address: 0x48 through 0x4B, as its pin ADDR is wired.
    ///   - inputs: what to measure, each as a quantity of its own: "voltage-a0".
    ///   - range: of all inputs.
    ///   - rate: of all inputs.
    ///   - clock: the clock of the waits for the chip.
    public init(
        on port: I2CPort, address: I2CAddress = 0x48, inputs: [Input] = [.a0, .a1, .a2, .a3], range: Range = .mV4096,
        rate: Rate = .hz128, clock: any Clock<Duration> = ContinuousClock()
    ) {
        id = "ads1115-\(address)"
        self.port = port
        self.address = address
        self.inputs = inputs
        self.range = range
        self.rate = rate
        self.clock = clock
    }

    /// - Throws: `I2CError`, ``SensorError``.
    public func open() async throws -> I2CChip {
        let chip = try I2CChip("ADS1115", at: address, on: port, clock: clock)
        // It has no identity: known by keeping a configuration, but for bit 15, which tells whether it is idle.
        let idle = configuration(.a0) & ~Self.start
        try await chip.write16(Self.configurationRegister, idle)
        let found = try await chip.read16(Self.configurationRegister) & ~Self.start
        guard found == idle else { throw chip.wrongChip("configuration", hexadecimal(idle), hexadecimal(found)) }
        return chip
    }

    /// - Throws: `I2CError`, ``SensorError``.
    public func sample(_ chip: I2CChip) async throws -> [Measurement] {
        var measurements: [Measurement] = []
        for input in inputs {
            try await chip.write16(Self.configurationRegister, configuration(input))
            // "Electrical Characteristics": the rate is within 10 %; "Single-Shot Mode": it takes 25 us to wake up.
            try await chip.pause(.microseconds(1_100_000 / rate.perSecond + 25))
            try await chip.wait(for: "the conversion", every: .milliseconds(1), attempts: 20) {
                try await chip.read16(Self.configurationRegister) & Self.start != 0
            }
            let raw = try await chip.read16(0)
            measurements.append(Measurement(.voltage.of("\(input)"), .number(Self.volts(raw, range))))
        }
        return measurements
    }

    /// Conversion register, in units of a 32,768th of the range.
    static func volts(_ raw: UInt16, _ range: Range) -> Double {
        Double(raw.signed(bits: 16)) * range.limit / 32_768
    }

    private func configuration(_ input: Input) -> UInt16 {
        // Single-shot mode, no comparator.
        Self.start | input.rawValue << 12 | range.rawValue << 9 | 1 << 8 | rate.rawValue << 5 | 3
    }

    private static let configurationRegister: UInt8 = 1

    /// Written: begin to convert. Read: no conversion is under way.
    private static let start: UInt16 = 0x8000
}
