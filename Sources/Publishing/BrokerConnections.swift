internal import Threads

/// Whether the publishers of this process have a connection to their brokers and web servers: the firmware's health asks
/// for it. Files say nothing about whether the device can still be reached, and do not count.
package enum BrokerConnections {
    private static let connections = Lock<[ObjectIdentifier: Bool]>([:])

    /// Nil while no publisher has run that has any.
    package static var areAllUp: Bool? {
        connections.withLock { $0.isEmpty ? nil : $0.values.allSatisfy { $0 } }
    }

    static func set(_ publisher: ObjectIdentifier, isConnected: Bool) {
        connections.withLock { $0[publisher] = isConnected }
    }

    static func remove(_ publisher: ObjectIdentifier) {
        connections.withLock { _ = $0.removeValue(forKey: publisher) }
    }
}
