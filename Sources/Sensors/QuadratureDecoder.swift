/// Follows two contacts a quarter of a period apart.
///
/// Of the four states two neighbours differ in one contact, which tells the direction: low low, high low, high high, low
/// high and round again counts up. A contact that bounces goes to a neighbour and back. Two contacts changed at once tell no
/// direction and count as nothing.
struct QuadratureDecoder {
    private var state: Int
    /// From the start, four a period.
    private(set) var steps = 0

    init(a: Bool, b: Bool) {
        state = Self.state(a, b)
    }

    mutating func move(a: Bool, b: Bool) {
        let next = Self.state(a, b)
        steps += Self.table[state << 2 | next]
        state = next
    }

    /// Whether each contact is high now.
    var a: Bool { state & 2 != 0 }
    var b: Bool { state & 1 != 0 }

    private static func state(_ a: Bool, _ b: Bool) -> Int { (a ? 2 : 0) | (b ? 1 : 0) }

    /// The step from each state, a row, to each other, a column: B and A low, B high, A high, both high.
    private static let table = [
        0, -1, 1, 0,
        1, 0, 0, -1,
        -1, 0, 0, 1,
        0, 1, -1, 0,
    ]
}
