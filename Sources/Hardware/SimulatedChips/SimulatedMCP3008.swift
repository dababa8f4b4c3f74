internal import Threads

/// An MCP3008 that converts at once.
public final class SimulatedMCP3008: SimulatedSPIDevice {
    private let reference: Double
    private let pins = Lock([Double](repeating: 0, count: 8))

    /// - Parameter reference: the voltage at VREF.
    public init(reference: Double = 3.3) {
        self.reference = reference
    }

    /// - Parameters:
    ///   - volts: against ground.
    ///   - channel: 0 through 7; others are ignored.
    public func set(volts: Double, channel: Int) {
        pins.withLock { if $0.indices.contains(channel) { $0[channel] = volts } }
    }

    /// Datasheet DS21295D, figure 6-1: what comes before the start bit is ignored.
    public func exchange(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.count == 3, bytes[0] == 1 else { return [] }
        let channel = Int(bytes[1] >> 4 & 7)
        let isSingle = bytes[1] & 0x80 != 0
        let volts = pins.withLock { $0[channel] - (isSingle ? 0 : $0[channel ^ 1]) }
        let steps = volts / reference * 1024
        let code = steps >= 1023 ? 1023 : steps > 0 ? Int(steps) : 0
        // The line floats until the bit before the number.
        return [0xFF, 0xF8 | UInt8(code >> 8), UInt8(code & 0xFF)]
    }
}
