/// An MCP9808 whose alert is never due.
public struct SimulatedMCP9808: SimulatedRegisterChip {
    /// Configuration, three limits, temperature, identities, resolution.
    public let registers = SimulatedRegisterMap([
        1: [0, 0], 2: [0, 0], 3: [0, 0], 4: [0, 0], 5: [0, 0], 6: [0x00, 0x54], 7: [0x04, 0x00], 8: [3],
    ])

    public init(celsius: Double = 21) { set(celsius: celsius) }

    /// - Parameter celsius: -256 to 255.9375, in sixteenths.
    public func set(celsius: Double) {
        registers[5] = (Int16(nearest: celsius * 16) & 0x1FFF).bigEndian(bytes: 2)
    }
}
