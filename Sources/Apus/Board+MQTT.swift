public import Publishing

extension Board {
    /// The MQTT broker this device is configured for: `broker` and the keys that begin with it (docs/publishing.md).
    public var mqtt: MQTTOptions { MQTTOptions(configuration: { config[$0] }) }
}
