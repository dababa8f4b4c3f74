/// What is measured, and in which unit.
public struct Quantity: Sendable, Hashable {
    /// Such as "temperature". Letters, digits and `-`, so that it can be part of a SenML name.
    public let name: String

    /// The symbol of the unit in the SenML registry (RFC 8428 section 12.1), nil for a truth value.
    public let unit: String?

    public init(_ name: String, unit: String?) {
        self.name = name
        self.unit = unit
    }

    /// Degrees Celsius.
    public static let temperature = Quantity("temperature", unit: "Cel")

    /// Relative humidity in percent.
    public static let humidity = Quantity("humidity", unit: "%RH")

    /// Pascals.
    public static let pressure = Quantity("pressure", unit: "Pa")

    /// Lux.
    public static let illuminance = Quantity("illuminance", unit: "lx")

    /// Volts.
    public static let voltage = Quantity("voltage", unit: "V")

    /// Amperes.
    public static let current = Quantity("current", unit: "A")

    /// Watts.
    public static let power = Quantity("power", unit: "W")

    /// Ohms.
    public static let resistance = Quantity("resistance", unit: "Ohm")

    /// Hertz.
    public static let frequency = Quantity("frequency", unit: "Hz")

    /// Magnetic flux density in teslas.
    public static let magneticField = Quantity("magnetic-field", unit: "T")

    /// Metres.
    public static let length = Quantity("length", unit: "m")

    /// Metres per second.
    public static let velocity = Quantity("velocity", unit: "m/s")

    /// Degrees of latitude, north is positive (WGS 84).
    public static let latitude = Quantity("latitude", unit: "lat")

    /// Degrees of longitude, east is positive (WGS 84).
    public static let longitude = Quantity("longitude", unit: "lon")

    /// Seconds.
    public static let time = Quantity("time", unit: "s")

    /// How many.
    public static let count = Quantity("count", unit: "count")

    /// One of several of a kind, such as "voltage-2" of an ADC's inputs.
    /// - Parameter part: letters and digits.
    public func of(_ part: String) -> Quantity { Quantity("\(name)-\(part)", unit: unit) }

    /// The level of a digital line: true is high.
    public static let level = Quantity("level", unit: nil)

    /// Whether a button is held down.
    public static let pressed = Quantity("pressed", unit: nil)
}
