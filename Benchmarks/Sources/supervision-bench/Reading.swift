/// What a sensor tells; as much as the peer's tuple.
struct Reading: Sendable {
    let sensor: Int
    let sequence: Int
    /// Nanoseconds.
    let time: Int64
    let value: Double
}
