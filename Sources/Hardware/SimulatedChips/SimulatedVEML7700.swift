internal import Threads

/// A VEML7700, without the bend of the small gains.
public final class SimulatedVEML7700: SimulatedI2CDevice {
    private let registers = SimulatedRegisterMap([
        0: [1, 0], 1: [0, 0], 2: [0, 0], 3: [0, 0], 4: [0, 0], 5: [0, 0], 6: [0, 0], 7: [0x81, 0xC4],
    ])
    private let lux: Lock<Double>

    public init(lux: Double = 300) { self.lux = Lock(lux) }

    public func set(lux: Double) { self.lux.withLock { $0 = lux } }

    public func write(_ bytes: [UInt8]) { registers.write(bytes) }

    public func read(_ count: Int) -> [UInt8] {
        // Fields ALS_GAIN and ALS_IT of command code 0.
        let configuration = registers[0].map { Int($0[1]) << 8 | Int($0[0]) } ?? 0
        // Field ALS_SD: shut down, it keeps its last measurement.
        guard configuration & 1 == 0 else { return registers.read(count) }
        let gains: [Double] = [1, 2, 0.125, 0.25]
        let gain = gains[configuration >> 11 & 3]
        let times: [Int: Double] = [0: 100, 1: 200, 2: 400, 3: 800, 8: 50, 12: 25]
        let milliseconds = times[configuration >> 6 & 15] ?? 100
        let step = 0.0042 * (2 / gain) * (800 / milliseconds)
        let counts = lux.withLock { $0 } / step
        registers[4] = UInt16(nearest: max(counts, 0)).bigEndian(bytes: 2).reversed()
        return registers.read(count)
    }
}
