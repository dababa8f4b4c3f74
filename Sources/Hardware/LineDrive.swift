/// How an output holds its two levels.
public enum LineDrive: Sendable, Hashable {
    /// Drives high and low.
    case pushPull
    /// Drives low only; for high it lets go and a pull resistor decides. Several such outputs may share a wire.
    case openDrain
    /// Drives high only; for low it lets go and a pull resistor decides.
    case openSource
}
