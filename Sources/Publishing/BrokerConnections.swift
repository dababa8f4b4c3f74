internal import Threads

/// Whether the publishers of this process have a connection to their broker: the firmware's health asks for it.
package enum BrokerConnections {
    private static let connections = Lock<[ObjectIdentifier: Bool]>([:])

    /// Nil while no publisher has run.
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
