/// Where a ``Publisher`` delivers to.
public enum Destination: Sendable, Hashable {
    /// An MQTT broker, version 5 or 3.1.1: `mqtt://[user[:password]@]host[:port]`, or `mqtts://...` with TLS; the port by
    /// default 1883, with TLS 8883, an IPv6 address in brackets. Several, with commas in between, are tried in turn.
    ///
    /// A URL that is not valid fails the publisher when it starts, with a sentence that says what is wrong with it.
    case mqtt(String)
}
