/// How an I2C bus is at one moment, and what became of its transactions since the app began.
public struct BusStatus: Sendable, Equatable {
    public var name: String
    /// That came to a good end.
    public var transactions = 0
    /// Begun anew.
    public var retries = 0
    /// Given up because no device answered.
    public var notAcknowledged = 0
    /// Given up because the bus did not come free.
    public var timeouts = 0
    /// Given up for another reason.
    public var otherFailures = 0
    /// Nothing but time-outs lately: a device holds the bus, or the adapter is stuck.
    public var isHung = false

    public init(name: String) {
        self.name = name
    }
}
