/// An INA219 that converts at once.
public final class SimulatedINA219: SimulatedI2CDevice {
    private let registers = SimulatedRegisterMap([
        0: [0x39, 0x9F], 1: [0, 0], 2: [0, 0], 3: [0, 0], 4: [0, 0], 5: [0, 0],
    ])

    public init(volts: Double = 5, shuntVolts: Double = 0.02) { set(volts: volts, shuntVolts: shuntVolts) }

    /// - Parameters:
    ///   - volts: of the supply, 0 to 32.
    ///   - shuntVolts: across the resistor, -0.32 to 0.32.
    public func set(volts: Double, shuntVolts: Double) {
        registers[1] = Int16(nearest: shuntVolts * 100_000).bigEndian(bytes: 2)
        // With "conversion ready".
        registers[2] = (UInt16(nearest: max(volts * 250, 0)) << 3 | 2).bigEndian(bytes: 2)
    }

    public func write(_ bytes: [UInt8]) {
        registers.write(bytes)
        if bytes.count == 3, bytes[0] == 0, bytes[1] & 0x80 != 0 { registers[0] = [0x39, 0x9F] }
    }

    public func read(_ count: Int) -> [UInt8] { registers.read(count) }
}
