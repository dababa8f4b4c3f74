/// An EMC1413 with its two remote diodes.
public struct SimulatedEMC1413: SimulatedRegisterChip {
    public let registers = SimulatedRegisterMap(bytes: [
        0x00: [0, 0, 0, 0, 6], 0x10: [0], 0x1B: [0], 0x23: [0, 0], 0x29: [0], 0xFD: [0x21, 0x5D, 0x04],
    ])

    public init(celsius: Double = 21, first: Double? = 30, second: Double? = 40) {
        set(celsius: celsius, first: first, second: second)
    }

    /// - Parameters:
    ///   - celsius: of the chip, 0 to 127, in eighths.
    ///   - first: of a diode; nil when it is not connected.
    ///   - second: of the other diode.
    public func set(celsius: Double, first: Double?, second: Double?) {
        let values: [(Double?, UInt8, UInt8)] = [(celsius, 0x00, 0x29), (first, 0x01, 0x10), (second, 0x23, 0x24)]
        for (value, upper, lower) in values {
            let bytes = (UInt16(nearest: max(value ?? 0, 0) * 8) << 5).bigEndian(bytes: 2)
            registers[upper] = [bytes[0]]
            registers[lower] = [bytes[1]]
        }
        registers[0x1B] = [(first == nil ? 2 : 0) | (second == nil ? 4 : 0)]
    }
}
