internal import Threads

/// Counts what becomes of a bus's transactions, for as long as somebody wants to know: longer than the bus is open.
package final class I2CCounter: Sendable {
    private let counts = Lock(I2CStatistics())

    package init() {}

    package var statistics: I2CStatistics { counts.withLock { $0 } }

    func count(bytes: Int) {
        counts.withLock { $0.count(bytes) }
    }

    func count(_ error: I2CError) {
        counts.withLock { $0.count(error) }
    }

    func countRetry() {
        counts.withLock { $0.retries &+= 1 }
    }
}
