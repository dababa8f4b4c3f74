/// A DS3231 or DS1338 whose time stands still until it is set again.
public struct SimulatedDS3231: SimulatedRegisterChip {
    /// Time, alarms, control, status with the stopped oscillator of a new chip, aging, temperature. A DS1338 has its own
    /// control register among those of the first alarm.
    public let registers = SimulatedRegisterMap(bytes: [
        0x00: [0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0x1C, 0x80, 0], 0x11: [0, 0],
    ])

    public init(celsius: Double = 21) { set(celsius: celsius) }

    /// - Parameter celsius: -128 to 127.75, in quarters.
    public func set(celsius: Double) {
        registers.set(0x11, (Int16(nearest: celsius * 4) << 6).bigEndian(bytes: 2))
    }

    /// Sets the time and starts the oscillator.
    /// - Parameter bytes: the seven registers, in binary-coded decimal.
    public func set(time bytes: [UInt8]) {
        registers.set(0, Array(bytes.prefix(7)))
        registers[0x07] = [0]
        registers[0x0F] = [0]
    }
}
