/// Where a ``Publisher`` delivers to.
public enum Destination: Sendable, Hashable {
    /// An MQTT 5 broker: `mqtt://[user[:password]@]host[:port]`, the port by default 1883, an IPv6 address in brackets.
    ///
    /// A URL that is not valid fails the publisher when it starts, with a sentence that says what is wrong with it.
    case mqtt(String)
}
