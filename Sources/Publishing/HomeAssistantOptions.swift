/// How a device shows itself to Home Assistant, which then lists it and its sensors without being told
/// (https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery).
public struct HomeAssistantOptions: Sendable, Hashable {
    /// Where Home Assistant looks for devices; `homeassistant` unless it was told otherwise.
    public var prefix = "homeassistant"

    /// Where the present value of each sensor stands, retained.
    public var stateTopic = "apus/{device}/state/{sensor}/{quantity}"

    /// The device as people call it; nil for its id.
    public var deviceName: String?

    public var manufacturer: String?

    public var model: String?

    /// The version of what runs on it.
    public var softwareVersion: String?

    public init() {}
}
