internal import CMosquitto

/// The versions of MQTT that are spoken.
enum MQTTVersion: Sendable, Hashable {
    case v5
    case v311

    /// libmosquitto's number of it.
    var option: Int32 {
        switch self {
        case .v5: MQTT_PROTOCOL_V5
        case .v311: MQTT_PROTOCOL_V311
        }
    }
}
