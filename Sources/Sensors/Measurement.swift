/// What a driver found out, before it becomes a ``Reading``.
public struct Measurement: Sendable, Hashable {
    public let quantity: Quantity

    public let value: Reading.Value

    /// When, in nanoseconds of CLOCK_MONOTONIC; nil for now.
    public let time: UInt64?

    public init(_ quantity: Quantity, _ value: Reading.Value, at time: UInt64? = nil) {
        self.quantity = quantity
        self.value = value
        self.time = time
    }
}
