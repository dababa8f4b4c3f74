/// A PCA9685.
public struct SimulatedPCA9685: SimulatedRegisterChip {
    /// Modes and addresses, 16 outputs that are off, all outputs at once, prescaler.
    public let registers = SimulatedRegisterMap(bytes: [
        0x00: [0x11, 0x04, 0xE2, 0xE4, 0xE8, 0xE0], 0x06: (0..<64).map { $0 % 4 == 3 ? 0x10 : 0 },
        0xFA: [0, 0, 0, 0x10, 0x1E],
    ])

    public init() {}

    /// The part of the time in which an output is high, 0 to 1.
    /// - Parameter output: 0 through 15.
    public func duty(of output: Int) -> Double {
        let bytes = (0..<4).map { registers[UInt8(truncatingIfNeeded: 6 + 4 * output + $0)]?.first ?? 0 }
        if bytes[3] & 0x10 != 0 { return 0 }
        if bytes[1] & 0x10 != 0 { return 1 }
        let (on, off) = (Int(bytes[1]) << 8 | Int(bytes[0]), Int(bytes[3]) << 8 | Int(bytes[2]))
        return Double((off - on + 4096) % 4096) / 4096
    }
}
