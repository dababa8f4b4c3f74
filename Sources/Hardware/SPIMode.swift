/// The clock's level at rest and the edge at which data is taken, by the numbers every datasheet uses.
public enum SPIMode: Int, Sendable, Hashable, CaseIterable {
    /// Clock low at rest, data taken at its first edge.
    case mode0 = 0
    /// Clock low at rest, data taken at its second edge.
    case mode1 = 1
    /// Clock high at rest, data taken at its first edge.
    case mode2 = 2
    /// Clock high at rest, data taken at its second edge.
    case mode3 = 3
}
