/// How patient a bus is.
public struct I2COptions: Sendable, Hashable {
    /// How long the kernel waits for a transaction, in steps of 10 ms (I2C_TIMEOUT); nil leaves it as the adapter's driver
    /// set it, mostly a second. Holds for all programs that use the bus.
    public var timeout: Duration?

    /// How often the kernel begins a transaction anew that another master interrupted (I2C_RETRIES); nil leaves it as the
    /// adapter's driver set it. Holds for all programs that use the bus.
    public var arbitrationRetries: Int?

    /// How often this program begins a transaction anew that was not acknowledged or lost to another master. 0 by default:
    /// a device that does not answer is usually not there. Mind that a device may have obeyed a write all the same. At most
    /// 100 count: everybody else on the bus waits meanwhile.
    public var retries: Int

    static let mostRetries = 100

    public init(timeout: Duration? = nil, arbitrationRetries: Int? = nil, retries: Int = 0) {
        self.timeout = timeout
        self.arbitrationRetries = arbitrationRetries
        self.retries = retries
    }
}
