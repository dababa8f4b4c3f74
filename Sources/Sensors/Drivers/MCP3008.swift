public import Hardware

/// Microchip MCP3008 or MCP3004: eight or four voltages, or differences of them, with 10 bits (datasheet DS21295D).
///
/// The converter has no identity and no checksum: of its answer only the bit before the number is known.
public struct MCP3008: PolledDriver {
    /// What is measured.
    public enum Input: Sendable, Hashable {
        /// A pin against ground: channel 0 to 7.
        case single(Int)
        /// A pin against the one it makes a pair with: 0 and 1, 2 and 3, 4 and 5, 6 and 7. Reads 0 when the first is lower.
        case pair(Int, minus: Int)

        /// The four bits that choose the input (table 5-2); nil when there is none.
        var selection: UInt8? {
            switch self {
            case .single(let channel) where (0...7).contains(channel): 0x8 | UInt8(channel)
            case .pair(let plus, let minus) where (0...7).contains(plus) && minus == plus ^ 1: UInt8(plus)
            default: nil
            }
        }

        /// "0", or "01" for channel 0 minus channel 1.
        var part: String {
            switch self {
            case .single(let channel): "\(channel)"
            case .pair(let plus, let minus): "\(plus)\(minus)"
            }
        }
    }

    public let id: String
    private let port: SPIPort
    private let inputs: [Input]
    private let reference: Double

    /// - Parameters:
    ///   - port: the chip select the chip is at.
    ///   - inputs: what to measure, each as a quantity of its own: "voltage-0".
    ///   - reference: the voltage at the pin VREF.
    public init(on port: SPIPort, inputs: [Input], reference: Double = 3.3) {
        id = "mcp3008-\(port.name)"
        self.port = port
        self.inputs = inputs
        self.reference = reference
    }

    /// - Throws: `SPIError`, ``SensorError/invalidArgument(sensor:what:)``.
    public func open() throws -> SPIDevice {
        for input in inputs where input.selection == nil {
            throw SensorError.invalidArgument(
                sensor: id, what: "there is no input \(input); there are channels 0 to 7 and pairs of neighbours")
        }
        // Section 1.0, clock frequency: up to 1.35 MHz at 2.7 V. Section 6.1: modes 0 and 3.
        return try port.open(SPISettings(mode: .mode0, speed: 1_350_000))
    }

    /// - Throws: `SPIError`, ``SensorError/fault(sensor:what:hint:)``.
    public func sample(_ device: SPIDevice) async throws -> [Measurement] {
        var measurements: [Measurement] = []
        for input in inputs {
            let answer = try await device.transfer(Self.command(input))
            guard let code = Self.code(answer) else {
                throw SensorError.fault(
                    sensor: "MCP3008 at \(device.name)", what: "its answer is not that of the converter",
                    hint: "check the wiring and that it has power")
            }
            let volts = Double(code) * reference / 1024
            measurements.append(Measurement(.voltage.of(input.part), .number(volts)))
        }
        return measurements
    }

    /// A start bit, the input, and room for the answer, arranged in bytes as in figure 6-1.
    static func command(_ input: Input) -> [UInt8] { [0x01, (input.selection ?? 0) << 4, 0x00] }

    /// The number, 0 to 1023: the last 10 bits, after a bit that is 0 (section 5.0). Nil without that bit, as when nothing
    /// drives the line.
    static func code(_ answer: [UInt8]) -> Int? {
        guard answer.count == 3, answer[1] & 0x04 == 0 else { return nil }
        return Int(answer[1] & 0x03) << 8 | Int(answer[2])
    }
}
