internal import Threads

/// A MAX31855 with a thermocouple.
public final class SimulatedMAX31855: SimulatedSPIDevice {
    /// What is wrong with the thermocouple.
    public enum Fault: UInt32, Sendable, Hashable {
        case open = 1
        case shortToGround = 2
        case shortToSupply = 4
    }

    private let word = Lock(UInt32(0))

    /// - Parameters:
    ///   - celsius: of the thermocouple.
    ///   - junction: of the chip.
    public init(celsius: Double = 20, junction: Double = 25) {
        set(celsius: celsius, junction: junction)
    }

    /// Temperatures beyond what the chip can tell are cut.
    public func set(celsius: Double, junction: Double, fault: Fault? = nil) {
        let thermocouple = UInt32(bitPattern: Int32(min(max((celsius * 4).rounded(), -8192), 8191)))
        let inside = UInt32(bitPattern: Int32(min(max((junction * 16).rounded(), -2048), 2047)))
        let fault = fault.map { $0.rawValue | 1 << 16 } ?? 0
        word.withLock { $0 = thermocouple << 18 | (inside & 0xFFF) << 4 | fault }
    }

    public func exchange(_ bytes: [UInt8]) -> [UInt8] {
        let word = word.withLock { $0 }
        return (0..<4).map { UInt8(word >> (24 - 8 * $0) & 0xFF) }
    }
}
