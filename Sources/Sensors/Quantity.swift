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

    /// The level of a digital line: true is high.
    public static let level = Quantity("level", unit: nil)

    /// Whether a button is held down.
    public static let pressed = Quantity("pressed", unit: nil)
}
