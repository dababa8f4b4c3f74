internal import Sensors

/// What Home Assistant calls a quantity: its unit, and the class of device by which it knows an icon and other units
/// (https://developers.home-assistant.io/docs/core/entity/sensor/#available-device-classes).
struct HomeAssistantClass: Hashable {
    var unit: String?
    var deviceClass: String?

    /// - Parameter quantity: of a number, with a unit of SenML's registry (RFC 8428, section 12.1; RFC 8798).
    init(number quantity: Quantity) {
        switch quantity.unit {
        case "Cel": self.init(unit: "°C", deviceClass: "temperature")
        case "K": self.init(unit: "K", deviceClass: "temperature")
        case "%RH": self.init(unit: "%", deviceClass: "humidity")
        case "%EL": self.init(unit: "%", deviceClass: "battery")
        case "Pa": self.init(unit: "Pa", deviceClass: "pressure")
        case "hPa": self.init(unit: "hPa", deviceClass: "pressure")
        case "V": self.init(unit: "V", deviceClass: "voltage")
        case "mV": self.init(unit: "mV", deviceClass: "voltage")
        case "A": self.init(unit: "A", deviceClass: "current")
        case "mA": self.init(unit: "mA", deviceClass: "current")
        case "W": self.init(unit: "W", deviceClass: "power")
        case "kW": self.init(unit: "kW", deviceClass: "power")
        case "VA": self.init(unit: "VA", deviceClass: "apparent_power")
        case "var": self.init(unit: "var", deviceClass: "reactive_power")
        case "Hz": self.init(unit: "Hz", deviceClass: "frequency")
        case "lx": self.init(unit: "lx", deviceClass: "illuminance")
        case "W/m2": self.init(unit: "W/m²", deviceClass: "irradiance")
        case "m": self.init(unit: "m", deviceClass: "distance")
        case "mm": self.init(unit: "mm", deviceClass: "distance")
        case "km": self.init(unit: "km", deviceClass: "distance")
        case "m/s": self.init(unit: "m/s", deviceClass: "speed")
        case "km/h": self.init(unit: "km/h", deviceClass: "speed")
        case "kg": self.init(unit: "kg", deviceClass: "weight")
        case "g": self.init(unit: "g", deviceClass: "weight")
        case "s": self.init(unit: "s", deviceClass: "duration")
        case "ms": self.init(unit: "ms", deviceClass: "duration")
        case "min": self.init(unit: "min", deviceClass: "duration")
        case "h": self.init(unit: "h", deviceClass: "duration")
        case "l": self.init(unit: "L", deviceClass: "volume_storage")
        case "m3": self.init(unit: "m³", deviceClass: "volume_storage")
        case "l/s": self.init(unit: "L/s", deviceClass: "volume_flow_rate")
        case "m3/s": self.init(unit: "m³/s", deviceClass: "volume_flow_rate")
        case "dBm": self.init(unit: "dBm", deviceClass: "signal_strength")
        // It has no unit there.
        case "pH": self.init(unit: nil, deviceClass: "ph")
        case "ppm":
            self.init(unit: "ppm", deviceClass: quantity.name == "co2" ? "carbon_dioxide" : nil)
        case "lat", "lon", "deg": self.init(unit: "°", deviceClass: nil)
        case "count", "/": self.init(unit: nil, deviceClass: nil)
        // As it is, also energies: their class is for meters that only go up.
        case let unit: self.init(unit: unit, deviceClass: nil)
        }
    }

    /// - Parameter quantity: of a truth value, known by its name.
    init(bool quantity: Quantity) {
        switch quantity.name {
        case "motion", "occupancy", "door", "window", "moisture", "smoke", "gas", "vibration", "sound", "light", "heat",
            "cold", "tamper", "presence", "running", "problem", "power", "plug":
            self.init(unit: nil, deviceClass: quantity.name)
        case "open": self.init(unit: nil, deviceClass: "opening")
        default: self.init(unit: nil, deviceClass: nil)
        }
    }

    private init(unit: String?, deviceClass: String?) {
        self.unit = unit
        self.deviceClass = deviceClass
    }
}
