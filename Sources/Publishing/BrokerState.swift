/// How it stands with the broker, in the words of the console. Told once when it changes, not at every retry.
enum BrokerState: Sendable, Hashable {
    case connected
    /// The name has no address, as far as the resolver knows.
    case unresolved(reason: String)
    /// No connection comes about.
    case unreachable(reason: String)
    /// Something answers there, but not as an MQTT 5 broker does.
    case notABroker(reason: String)
    /// The broker does not let us in.
    case refused(reason: String)
    /// The broker does not take our readings.
    case readingsRefused(reason: String)
    /// There was a connection.
    case lost(reason: String)

    /// One sentence without a full stop, for a broker of this address.
    func text(_ address: String) -> String {
        switch self {
        case .connected: "connected to the broker \(address)"
        case .unresolved(let reason): "cannot find the broker \(address): \(reason)"
        case .unreachable(let reason): "cannot reach the broker \(address): \(reason)"
        case .notABroker(let reason): "what answers at \(address) is not an MQTT 5 broker: \(reason)"
        case .refused(let reason): "the broker \(address) refuses the connection: \(reason)"
        case .readingsRefused(let reason): "the broker \(address) refuses readings: \(reason)"
        case .lost(let reason): "lost the connection to the broker \(address): \(reason)"
        }
    }
}
