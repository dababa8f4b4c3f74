/// Where a ``Publisher`` delivers to.
public enum Destination: Sendable, Hashable {
    /// An MQTT broker, version 5 or 3.1.1.
    ///
    /// Options that are not valid fail the publisher when it starts, with a sentence that says what is wrong with them.
    case mqtt(MQTTOptions)

    /// An MQTT broker: `mqtt://[user[:password]@]host[:port]`, or `mqtts://...` with TLS; the port by default 1883, with TLS
    /// 8883, an IPv6 address in brackets. Several, with commas in between, are tried in turn.
    public static func mqtt(_ brokers: String) -> Destination { .mqtt(MQTTOptions(brokers)) }
}
