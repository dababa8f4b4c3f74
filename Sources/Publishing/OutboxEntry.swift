internal import Sensors

/// What the outbox holds: a numbered reading, or where readings are missing.
enum OutboxEntry: Sendable, Hashable {
    case reading(Reading)
    case gap(OutboxGap)

    /// The number of the reading, or the first of the gap.
    var first: UInt64 {
        switch self {
        case .reading(let reading): reading.sequence
        case .gap(let gap): gap.first
        }
    }

    var last: UInt64 {
        switch self {
        case .reading(let reading): reading.sequence
        case .gap(let gap): gap.last
        }
    }

    /// What of it lies behind a number; nil when nothing does.
    func after(_ number: UInt64) -> OutboxEntry? {
        if first > number { return self }
        guard case .gap(var gap) = self, gap.last > number else { return nil }
        gap.first = number + 1
        return .gap(gap)
    }
}
