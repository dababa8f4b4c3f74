/// A PCA9685, whose oscillator needs no time.
public struct SimulatedPCA9685: SimulatedRegisterChip {
    /// Modes and addresses, 16 outputs that are off, all outputs at once, prescaler.
    public let registers = SimulatedRegisterMap(bytes: [
        0x00: [0x11, 0x04, 0xE2, 0xE4, 0xE8, 0xE0], 0x06: (0..<64).map { $0 % 4 == 3 ? 0x10 : 0 },
        0xFA: [0, 0, 0, 0x10, 0x1E],
    ])

    public init() {}

    /// The part of the time in which an output is high, 0 to 1; 0 while the chip sleeps, and until it is told to go on.
    /// - Parameter output: 0 through 15.
    public func duty(of output: Int) -> Double {
        mode & (Self.sleep | Self.restart) == 0 ? setting(of: output) : 0
    }

    public func write(_ bytes: [UInt8]) {
        let before = mode
        // Rev. 4, section 7.3.5: the prescaler is taken only while the chip sleeps.
        if bytes.first == 0xFE, before & Self.sleep == 0 { return registers.write([0xFE]) }
        registers.write(bytes)
        guard bytes.first == 0, bytes.count > 1 else { return }
        // Section 7.3.1.1: a sleep leaves outputs that were at work waiting, until they are told to go on when the chip
        // is awake again.
        let told = mode
        var isWaiting = before & Self.restart != 0
        let wasAwake = before & Self.sleep == 0
        if wasAwake, told & Self.sleep != 0, (0..<16).contains(where: { setting(of: $0) > 0 }) { isWaiting = true }
        if wasAwake, told & Self.sleep == 0, told & Self.restart != 0 { isWaiting = false }
        registers[0] = [told & ~Self.restart | (isWaiting ? Self.restart : 0)]
    }

    /// Register MODE1.
    private var mode: UInt8 { registers[0]?.first ?? 0 }

    private func setting(of output: Int) -> Double {
        let bytes = (0..<4).map { registers[UInt8(truncatingIfNeeded: 6 + 4 * output + $0)]?.first ?? 0 }
        if bytes[3] & 0x10 != 0 { return 0 }
        if bytes[1] & 0x10 != 0 { return 1 }
        let (on, off) = (Int(bytes[1]) << 8 | Int(bytes[0]), Int(bytes[3]) << 8 | Int(bytes[2]))
        return Double((off - on + 4096) % 4096) / 4096
    }

    // Section 7.3.1.
    private static let restart: UInt8 = 0x80
    private static let sleep: UInt8 = 0x10
}
