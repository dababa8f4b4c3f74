/// A TMP105, TMP102 or LM75.
public struct SimulatedTMP105: SimulatedRegisterChip {
    /// Temperature, configuration, lower and upper limit.
    public let registers = SimulatedRegisterMap([0: [0, 0], 1: [0], 2: [0x4B, 0], 3: [0x50, 0]])

    public init(celsius: Double = 21) { set(celsius: celsius) }

    /// - Parameter celsius: -128 to 127.9375, in sixteenths.
    public func set(celsius: Double) {
        registers[0] = (Int16(nearest: celsius * 16) << 4).bigEndian(bytes: 2)
    }
}
