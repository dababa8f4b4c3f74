internal import Threads

/// A BH1750 that answers whatever it was told.
public final class SimulatedBH1750: SimulatedI2CDevice {
    private let lux: Lock<Double>

    public init(lux: Double = 300) { self.lux = Lock(lux) }

    /// - Parameter lux: 0 to 54,612.
    public func set(lux: Double) { self.lux.withLock { $0 = lux } }

    public func write(_ bytes: [UInt8]) {}

    public func read(_ count: Int) -> [UInt8] {
        UInt16(nearest: max(lux.withLock { $0 } * 1.2, 0)).bigEndian(bytes: 2)
    }
}
