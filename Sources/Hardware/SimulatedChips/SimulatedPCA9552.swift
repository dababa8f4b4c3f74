/// A PCA9552 whose pins are as its LEDs say: low when on.
public final class SimulatedPCA9552: SimulatedI2CDevice {
    /// Inputs, rhythms, selectors.
    public let registers = SimulatedRegisterMap(bytes: [0x00: [0, 0, 0, 0x80, 0, 0x80, 0x55, 0x55, 0x55, 0x55]])

    public init() {}

    public func write(_ bytes: [UInt8]) {
        registers.write(bytes)
        let selectors = (UInt8(6)..<10).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32(registers[$1]?.first ?? 0) }
        // A selector of 0 is on; the others are off, or off now.
        let levels = (0..<16).reduce(UInt16(0)) { selectors >> (2 * $1) & 3 == 0 ? $0 : $0 | 1 << $1 }
        registers.set(0, [UInt8(levels & 0xFF), UInt8(levels >> 8)])
    }

    public func read(_ count: Int) -> [UInt8] { registers.read(count) }
}
