public import Publishing

extension Board {
    /// The MQTT broker this device is configured for: `broker` and the keys that begin with it (docs/publishing.md).
    public var mqtt: MQTTOptions { MQTTOptions(configuration: { config[$0] }) }

    /// The web server this device is configured for: `https` and the keys that begin with it (docs/publishing.md); nil where
    /// there is none.
    public var https: HTTPOptions? {
        config["https"] == nil ? nil : HTTPOptions(configuration: { config[$0] })
    }
}
