/// A device on a simulated I2C bus.
public protocol SimulatedI2CDevice: Sendable {
    /// The bytes of one write message.
    func write(_ bytes: [UInt8])
    /// The bytes of one read message; the bus cuts or fills (0xFF, as an undriven bus reads) to `count` bytes.
    func read(_ count: Int) -> [UInt8]
}
