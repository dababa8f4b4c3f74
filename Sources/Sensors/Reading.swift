/// One measured value with all a receiver needs to place it: which sensor, what, when, and its number in the sequence.
public struct Reading: Sendable, Hashable {
    public enum Value: Sendable, Hashable {
        case number(Double)
        case bool(Bool)
    }

    /// The id of the sensor, unique on the device.
    public let sensor: String

    public let quantity: Quantity

    public let value: Value

    /// Nanoseconds since 1970-01-01T00:00:00Z; nil while the device's clock is not synchronised and would lie.
    public let wallTime: Int64?

    /// Nanoseconds of CLOCK_MONOTONIC, which starts near 0 at boot, never jumps, and also stamps GPIO edges.
    public let monotonicTime: UInt64

    /// The boot in which `monotonicTime` counts.
    public let bootID: String

    /// The device's number of the reading; 0 until the outbox has given it one.
    ///
    /// It grows with every reading and is never used again, not after a restart of the device either: with the device's id
    /// it names a reading, so that a receiver can tell one delivered twice. Below 2^53, which JSON receivers hold exactly.
    public package(set) var sequence: UInt64

    public init(
        sensor: String, quantity: Quantity, value: Value, wallTime: Int64?, monotonicTime: UInt64, bootID: String,
        sequence: UInt64 = 0
    ) {
        self.sensor = sensor
        self.quantity = quantity
        self.value = value
        self.wallTime = wallTime
        self.monotonicTime = monotonicTime
        self.bootID = bootID
        self.sequence = sequence
    }

    /// A reading taken on this device, now or at a moment of CLOCK_MONOTONIC: times and boot id are filled in.
    public init(sensor: String, quantity: Quantity, value: Value, at monotonicTime: UInt64? = nil) {
        let now = DeviceClock.monotonicTime
        let moment = monotonicTime ?? now
        self.init(
            sensor: sensor, quantity: quantity, value: value, wallTime: DeviceClock.wallTime(at: moment),
            monotonicTime: moment, bootID: BootID.current)
    }
}
