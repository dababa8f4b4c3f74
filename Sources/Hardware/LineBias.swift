/// The resistor inside the chip that holds an undriven line at a level.
public enum LineBias: Sendable, Hashable {
    /// As the device tree or an earlier owner left it.
    case asIs
    /// None: the line floats unless something outside drives it.
    case disabled
    /// Towards the supply: undriven reads high, as a button to ground needs it.
    case pullUp
    /// Towards ground: undriven reads low.
    case pullDown
}
