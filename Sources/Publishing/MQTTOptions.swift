/// How readings go to an MQTT broker.
public struct MQTTOptions: Sendable, Hashable {
    /// The broker: `mqtt://[user[:password]@]host[:port]`, or `mqtts://...` with TLS. Several, with commas in between, are
    /// tried in turn.
    public var brokers: String

    /// What `mqtts` takes for proof.
    public var tls = TLSOptions()

    /// How the readings are written down.
    public var format = SenMLFormat.json

    /// Where the readings go. `{device}`, `{sensor}` and `{quantity}` stand for what they are of; a message then holds
    /// readings of one sensor, or quantity, only.
    public var topic = "apus/{device}/readings"

    /// Where a retained `online` or `offline` tells whether the device is there; nil for nowhere.
    public var statusTopic: String? = "apus/{device}/status"

    /// How long the connection may be silent before its life is checked: whole seconds, 5 to 65,535.
    public var keepAlive = Duration.seconds(30)

    /// How long after a lost connection the broker waits for the device before it says `offline`, with MQTT 5: whole
    /// seconds. With 3.1.1 it does not wait.
    public var grace = Duration.seconds(5)

    /// How long the broker keeps the device's session after a lost connection, with MQTT 5: whole seconds. No shorter than
    /// the grace. What is not acknowledged the device keeps itself.
    public var sessionExpiry = Duration.seconds(60)

    /// Whether and how the device announces itself to Home Assistant; nil for not at all.
    public var homeAssistant: HomeAssistantOptions?

    /// What is wrong with the configuration these were made from.
    private var problem: ConfigurationProblem?

    /// - Parameter brokers: as ``brokers``.
    public init(_ brokers: String) {
        self.brokers = brokers
    }

    /// As a device is configured (docs/publishing.md). What is not valid fails the publisher when it starts, with
    /// a sentence that says what.
    /// - Parameter value: the value of a key; nil where it is not set.
    public init(configuration value: (String) -> String?) {
        self.init(value("broker") ?? "mqtt://127.0.0.1:\(BrokerURL.defaultPort)")
        tls = TLSOptions(configuration: value, prefix: "broker")
        if let topic = value("broker.topic") { self.topic = topic }
        if let name = value("broker.format") {
            if let format = SenMLFormat(rawValue: name) {
                self.format = format
            } else {
                problem = ConfigurationProblem(key: "broker.format", problem: "\"\(name)\" is neither json nor cbor")
            }
        }
        if let text = value("broker.keepalive") {
            // Int would take a sign too.
            if text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let seconds = Int(text), Self.keepAlives ~= seconds
            {
                keepAlive = .seconds(seconds)
            } else {
                problem = ConfigurationProblem(
                    key: "broker.keepalive", problem: "\"\(text)\" is no number of seconds from 5 to 65535")
            }
        }
        if let prefix = value("broker.homeassistant") {
            var options = HomeAssistantOptions()
            options.prefix = prefix
            homeAssistant = options
        }
    }

    /// What libmosquitto and the protocol allow.
    private static let keepAlives = 5...65_535

    /// - Parameter device: the device's id, valid in a topic.
    /// - Throws: what is not valid.
    func settings(device: String) throws -> MQTTSettings {
        if let problem { throw problem }
        var settings = MQTTSettings(brokers: try BrokerURL.list(brokers), clientID: "apus-\(device)")
        settings.tls = tls
        if let statusTopic {
            settings.status = MQTTSettings.Status(topic: try TopicTemplate(statusTopic).topic(device: device))
        }
        let seconds = Int(clamping: keepAlive.components.seconds)
        settings.keepAlive = UInt16(min(max(seconds, Self.keepAlives.lowerBound), Self.keepAlives.upperBound))
        settings.willDelay = UInt32(clamping: grace.components.seconds)
        settings.sessionExpiry = max(UInt32(clamping: sessionExpiry.components.seconds), settings.willDelay)
        return settings
    }
}
