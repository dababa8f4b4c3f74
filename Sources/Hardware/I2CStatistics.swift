/// What became of a bus's transactions since it was opened first.
public struct I2CStatistics: Sendable, Hashable {
    /// That came to a good end.
    public var transactions: UInt64 = 0
    /// Read and written in those.
    public var bytes: UInt64 = 0
    /// Begun anew because of ``I2COptions/retries``.
    public var retries: UInt64 = 0
    /// Given up because nothing acknowledged.
    public var notAcknowledged: UInt64 = 0
    /// Given up because another master won the bus.
    public var arbitrationLost: UInt64 = 0
    /// Given up because the bus did not come free.
    public var timeouts: UInt64 = 0
    /// Given up for another reason.
    public var otherFailures: UInt64 = 0
    /// Time-outs since a transaction came to any other end.
    public var timeoutsInSequence: UInt64 = 0

    /// Whether the bus seems to be held by a device, or its adapter to be stuck: nothing but time-outs, three at least. One
    /// may be a device that stretches the clock for too long; three with nothing between are none.
    public var isHung: Bool { timeoutsInSequence >= 3 }

    package init() {}

    mutating func count(_ bytes: Int) {
        transactions &+= 1
        self.bytes &+= UInt64(bytes)
        timeoutsInSequence = 0
    }

    mutating func count(_ error: I2CError) {
        if case .timeout = error {
            timeouts &+= 1
            timeoutsInSequence &+= 1
            return
        }
        timeoutsInSequence = 0
        switch error {
        case .noAcknowledge: notAcknowledged &+= 1
        case .arbitrationLost: arbitrationLost &+= 1
        default: otherFailures &+= 1
        }
    }
}
