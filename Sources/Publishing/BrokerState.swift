/// How it stands with the broker, in the words of the console. Told once when it changes, not at every retry.
package enum BrokerState: Sendable, Hashable {
    case connected
    /// The name has no address, as far as the resolver knows.
    case unresolved(reason: String)
    /// No connection comes about.
    case unreachable(reason: String)
    /// Something answers there, but not as a broker of MQTT 5 or 3.1.1 does.
    case notABroker(reason: String)
    /// What we need for TLS is not there or of no use: our authorities, certificate or key.
    case misconfigured(reason: String)
    /// The broker does not prove that it is the one we want: its certificate is signed by nobody we trust, of another
    /// name, or not valid now.
    case untrusted(reason: String)
    /// No TLS connection comes about, or the broker ends it, such as for want of a certificate of ours.
    case insecure(reason: String)
    /// The broker does not let us in.
    case refused(reason: String)
    /// The broker does not take our readings.
    case readingsRefused(reason: String)
    /// There was a connection.
    case lost(reason: String)

    /// One sentence without a full stop, for a broker of this address.
    package func text(_ address: String) -> String {
        switch self {
        case .connected: "connected to the broker \(address)"
        case .unresolved(let reason): "cannot find the broker \(address): \(reason)"
        case .unreachable(let reason): "cannot reach the broker \(address): \(reason)"
        case .notABroker(let reason): "what answers at \(address) is not an MQTT broker: \(reason)"
        case .misconfigured(let reason): "cannot connect to the broker \(address): \(reason)"
        case .untrusted(let reason): "does not trust the broker \(address): \(reason)"
        case .insecure(let reason): "no TLS connection with the broker \(address): \(reason)"
        case .refused(let reason): "the broker \(address) refuses the connection: \(reason)"
        case .readingsRefused(let reason): "the broker \(address) refuses readings: \(reason)"
        case .lost(let reason): "lost the connection to the broker \(address): \(reason)"
        }
    }
}
