internal import Threads

/// An MCP23017 with its registers in the order they have at power-up.
public final class SimulatedMCP23017: SimulatedI2CDevice {
    public let registers = SimulatedRegisterMap(bytes: [
        0x00: [0xFF, 0xFF] + [UInt8](repeating: 0, count: 20)
    ])
    private let outside = Lock(UInt16(0))

    public init() {}

    /// What drives the inputs from outside, that of A0 in the lowest bit.
    public func drive(_ levels: UInt16) { outside.withLock { $0 = levels } }

    public func write(_ bytes: [UInt8]) { registers.write(bytes) }

    public func read(_ count: Int) -> [UInt8] {
        let outside = outside.withLock { $0 }
        for half in 0..<UInt8(2) {
            let inputs = registers[half]?.first ?? 0
            let outputs = registers[0x14 + half]?.first ?? 0
            let inverted = registers[2 + half]?.first ?? 0
            let driven = UInt8(truncatingIfNeeded: outside >> (8 * half))
            registers[0x12 + half] = [(driven & inputs | outputs & ~inputs) ^ inverted]
        }
        return registers.read(count)
    }
}
