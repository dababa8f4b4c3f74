package import Hardware
internal import Threads

/// The I2C buses this process has used, by their names, for those who show how they are.
package enum KnownBuses {
    private static let counters = Lock<[String: I2CCounter]>([:])

    /// Counts for all who open the bus of a path.
    static func counter(ofPath path: String) -> I2CCounter {
        counters.withLock { counters in
            if let counter = counters[path] { return counter }
            let counter = I2CCounter()
            counters[path] = counter
            return counter
        }
    }

    /// Of two simulated ones with one name the later.
    static func add(_ name: String, _ counter: I2CCounter) {
        counters.withLock { $0[name] = counter }
    }

    /// All that were used, by name.
    package static var all: [(name: String, statistics: I2CStatistics)] {
        counters.withLock { $0.map { (name: $0.key, statistics: $0.value.statistics) } }
            .filter { $0.statistics != I2CStatistics() }
            .sorted { $0.name < $1.name }
    }
}
