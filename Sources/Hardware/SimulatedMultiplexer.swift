internal import Threads

/// A simulated PCA9548 or one of its kin: its only register has a bit for each channel that is switched on.
public final class SimulatedMultiplexer: SimulatedI2CDevice {
    /// What is behind each channel.
    public let channels: [SimulatedI2C]

    private let control = Lock(UInt8(0))

    /// - Parameter channels: how many, 1 to 8. After power-up all are off.
    public init(channels: Int = 8) {
        self.channels = (0..<min(max(channels, 1), 8)).map { _ in SimulatedI2C() }
    }

    public func write(_ bytes: [UInt8]) {
        // The last byte counts (PCA9548A datasheet, NXP rev. 5.1, section 7.2).
        guard let last = bytes.last else { return }
        control.withLock { $0 = last }
    }

    public func read(_ count: Int) -> [UInt8] {
        [UInt8](repeating: control.withLock { $0 }, count: count)
    }

    /// The channels that are switched on.
    var selected: [SimulatedI2C] {
        let control = control.withLock { $0 }
        return channels.indices.filter { control >> $0 & 1 == 1 }.map { channels[$0] }
    }
}
