/// A key of any type.
// Unchecked: AnyHashable forgets that what it was made of is Sendable.
@usableFromInline
struct ElementKey: Hashable, @unchecked Sendable {
    private let value: AnyHashable

    init(_ value: some Hashable & Sendable) {
        self.value = AnyHashable(value)
    }
}

/// Where in a mailbox's queue the element of each key waits.
///
/// A class, so that a mailbox which does not coalesce pays one empty reference for it.
final class KeyIndex {
    /// Positions count from the first element the mailbox ever held; they never repeat.
    private var positions: [ElementKey: UInt64] = [:]
    /// Bounded as the mailbox is: the keys of the elements that wait.
    private var keys = RingBuffer<ElementKey>(capacity: .max)
    private var oldest: UInt64 = 0

    /// Elements replaced.
    var coalesced: UInt64 = 0

    /// How far behind the oldest element the one with this key waits, if any does.
    func offset(of key: ElementKey) -> Int? {
        positions[key].map { Int($0 - oldest) }
    }

    /// Notes a new newest element.
    func append(_ key: ElementKey) {
        positions[key] = oldest + UInt64(keys.count)
        keys.append(key)
    }

    /// Forgets the oldest elements.
    func removeFirst(_ count: Int) {
        for key in keys.popFirst(upTo: count) { positions[key] = nil }
        oldest += UInt64(count)
    }
}
