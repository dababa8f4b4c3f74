/// The newest entries, in memory and in the order of their numbers, without holes between them.
struct OutboxTail: Sendable {
    /// Elements before `head` are gone: an array with a moving start, because the tail is nearly empty on most days and
    /// should then hold no memory.
    private var entries: [OutboxEntry] = []
    private var head = 0

    var count: Int { entries.count - head }
    var isEmpty: Bool { count == 0 }
    var first: UInt64? { isEmpty ? nil : entries[head].first }
    var last: UInt64? { isEmpty ? nil : entries.last?.last }

    /// - Parameter written: what is on disk up to that number, or on its way there, stays as it is.
    mutating func append(_ entry: OutboxEntry, written: UInt64 = 0) {
        // Gaps in a row of one reason are one.
        if case .gap(let new) = entry, !isEmpty, case .gap(var old) = entries[entries.count - 1],
            old.reason == new.reason, old.last > written
        {
            old.last = new.last
            entries[entries.count - 1] = .gap(old)
        } else {
            entries.append(entry)
        }
    }

    /// Puts a gap before all.
    mutating func prepend(_ gap: OutboxGap) {
        entries.replaceSubrange(..<head, with: [.gap(gap)])
        head = 0
    }

    /// The entries behind a number.
    func entries(after number: UInt64) -> ArraySlice<OutboxEntry> {
        entries[index(after: number)...]
    }

    /// How many entries there are behind a number.
    func count(after number: UInt64) -> Int { entries.count - index(after: number) }

    /// Removes what lies up to that number entirely.
    mutating func remove(through number: UInt64) {
        removeFirst(index(after: number) - head)
    }

    /// Removes the oldest entries while there are more than that, but none behind a number.
    mutating func shrink(to limit: Int, through number: UInt64) {
        removeFirst(min(max(0, count - limit), index(after: number) - head))
    }

    /// Puts a gap in the place of the oldest reading, together with those before it.
    /// - Returns: the number of the reading; nil when there is none.
    mutating func dropOldest(_ reason: OutboxGap.Reason, wallTime: Int64?) -> UInt64? {
        guard let victim = entries[head...].firstIndex(where: { if case .reading = $0 { true } else { false } }) else {
            return nil
        }
        let number = entries[victim].first
        var gap = OutboxGap(first: number, last: number, reason: reason, wallTime: wallTime)
        for case .gap(let other) in entries[head..<victim] {
            gap.first = min(gap.first, other.first)
            if other.reason != gap.reason { gap.reason = .several }
        }
        entries[victim] = .gap(gap)
        removeFirst(victim - head)
        return number
    }

    /// The first entry that does not end before that number has passed; by bisection.
    private func index(after number: UInt64) -> Int {
        var (low, high) = (head, entries.count)
        while low < high {
            let middle = low + (high - low) / 2
            if entries[middle].last > number { high = middle } else { low = middle + 1 }
        }
        return low
    }

    private mutating func removeFirst(_ count: Int) {
        head += count
        if head == entries.count {
            // Frees the memory of a bad day, too.
            entries = []
            head = 0
        } else if head >= entries.count - head {
            // Moves the rest only once it is no more than what left: constant cost per entry.
            entries.removeFirst(head)
            head = 0
        }
    }
}
