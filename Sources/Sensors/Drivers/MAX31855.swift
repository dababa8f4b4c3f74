public import Hardware

/// Maxim MAX31855: a thermocouple of type K, J, N, T, S, R or E, as the chip's suffix says (datasheet 19-5793, rev. 5).
///
/// The chip takes the thermocouple for linear, with the type's mean slope (table 1): at the ends of its range it errs by
/// several degrees.
public struct MAX31855: PolledDriver {
    public let id: String
    private let port: SPIPort

    /// - Parameter port: the chip select the chip is at.
    public init(on port: SPIPort) {
        id = "max31855-\(port.name)"
        self.port = port
    }

    /// - Throws: `SPIError`.
    public func open() throws -> SPIDevice {
        // Serial interface timing: up to 5 MHz, data taken at the rising edge of a clock that rests low.
        try port.open(SPISettings(mode: .mode0, speed: 5_000_000))
    }

    /// The thermocouple's temperature, and as "temperature-junction" that of the chip, where the wires end.
    /// - Throws: `SPIError`, ``SensorError/fault(sensor:what:hint:)``.
    public func sample(_ device: SPIDevice) async throws -> [Measurement] {
        let bytes = try await device.transfer([0, 0, 0, 0])
        let name = "MAX31855 at \(device.name)"
        if let (what, hint) = Self.fault(bytes) { throw SensorError.fault(sensor: name, what: what, hint: hint) }
        let (thermocouple, junction) = Self.celsius(bytes)
        return [
            Measurement(.temperature, .number(thermocouple)),
            Measurement(.temperature.of("junction"), .number(junction)),
        ]
    }

    /// Tables 4 and 5: 14 bits of a quarter degree each, and 12 of a sixteenth.
    static func celsius(_ bytes: [UInt8]) -> (thermocouple: Double, junction: Double) {
        let word = bytes.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        return (Double((word >> 18).signed(bits: 14)) / 4, Double((word >> 4 & 0xFFF).signed(bits: 12)) / 16)
    }

    /// What is wrong, by table 3; nil when nothing is.
    static func fault(_ bytes: [UInt8]) -> (what: String, hint: String)? {
        let word = bytes.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        // Bits 17 and 3 are always 0. All zeros would be 0 degrees at both ends, to a sixteenth of a degree; a line that
        // nothing drives is by far the likelier reason.
        guard bytes.count == 4, word & 0x0002_0008 == 0, word != 0 else {
            return ("its answer is not that of the chip", "check the wiring and that it has power")
        }
        guard word & 0x0001_0007 != 0 else { return nil }
        if word & 1 != 0 { return ("the thermocouple is open", "check that it is connected") }
        if word & 2 != 0 { return ("the thermocouple has contact with ground", "insulate its tip") }
        if word & 4 != 0 { return ("the thermocouple has contact with the supply", "check its wires") }
        return ("it reports a fault without a reason", "check the wiring")
    }
}
