/// What a timer service has yet to do, by time: a binary heap, so that everything costs at most O(log n).
///
/// It knows no clock and no thread: whoever owns it tells the time. All times are nanoseconds on one clock.
struct TimerQueue {
    /// Names an entry for as long as it is in the queue, and nothing thereafter.
    struct ID: Sendable, Hashable {
        fileprivate let slot: Int
        fileprivate let generation: Int
    }

    enum Entry: Sendable {
        /// Once, and out of the queue.
        case call(@Sendable () -> Void)
        /// Again and again, until removed.
        case series(any TickSeries, period: Int64)
    }

    /// One tick of a series that is due.
    struct DueTick {
        let series: any TickSeries
        /// The latest moment of the series that has come.
        let scheduled: Int64
        /// How many moments before that one passed without a tick.
        let missed: Int
        let period: Int64
    }

    /// What is due first.
    enum Due {
        case call(@Sendable () -> Void)
        case ticks
        case nothing
    }

    private struct Node {
        var deadline: Int64
        let slot: Int
    }

    private struct Slot {
        var generation = 0
        var place = 0
        var entry: Entry?
    }

    private var heap: [Node] = []
    private var slots: [Slot] = []
    private var freeSlots: [Int] = []
    private(set) var seriesCount = 0

    /// When the next entry is due; nil when there is none.
    var first: Int64? { heap.first?.deadline }

    var count: Int { heap.count }

    /// - Parameter deadline: when the entry is due, for a series the first time.
    mutating func insert(_ entry: Entry, at deadline: Int64) -> ID {
        if case .series = entry { seriesCount += 1 }
        let slot = freeSlots.popLast() ?? slots.count
        if slot == slots.count { slots.append(Slot()) }
        slots[slot].entry = entry
        heap.append(Node(deadline: deadline, slot: slot))
        rise(Node(deadline: deadline, slot: slot), from: heap.count - 1)
        return ID(slot: slot, generation: slots[slot].generation)
    }

    /// - Returns: what was removed, to be released where no lock is held; nil when the id names nothing any more.
    mutating func remove(_ id: ID) -> Entry? {
        guard slots[id.slot].generation == id.generation else { return nil }
        let place = slots[id.slot].place
        let last = heap.removeLast()
        if place < heap.count {
            if place > 0, last.deadline < heap[(place - 1) / 2].deadline {
                rise(last, from: place)
            } else {
                sink(last, from: place)
            }
        }
        return vacate(id.slot)
    }

    /// Takes what is due, in the order of the deadlines.
    ///
    /// A call comes alone, so that it can be removed until the moment before it is made. Of series, whose ticks know
    /// themselves whether they are still wanted, several are taken at once.
    /// - Parameter ticks: gets up to `limit` ticks. Each of a series' next deadline is in the future then: moments that
    ///   have passed make one tick together.
    mutating func takeDue(at now: Int64, upTo limit: Int, into ticks: inout [DueTick]) -> Due {
        while let node = heap.first, node.deadline <= now, ticks.count < limit {
            switch slots[node.slot].entry {
            case .series(let series, let period):
                let missed = (now - node.deadline) / period
                let scheduled = node.deadline + missed * period
                ticks.append(DueTick(series: series, scheduled: scheduled, missed: Int(missed), period: period))
                sink(Node(deadline: scheduled.addingClamped(period), slot: node.slot), from: 0)
            case .call(let action):
                guard ticks.isEmpty else { return .ticks }
                _ = remove(ID(slot: node.slot, generation: slots[node.slot].generation))
                return .call(action)
            case nil:
                preconditionFailure("a slot in the heap has an entry")
            }
        }
        return ticks.isEmpty ? .nothing : .ticks
    }

    private mutating func vacate(_ slot: Int) -> Entry? {
        let entry = slots[slot].entry
        if case .series = entry { seriesCount -= 1 }
        slots[slot].entry = nil
        slots[slot].generation += 1
        freeSlots.append(slot)
        return entry
    }

    private mutating func rise(_ node: Node, from start: Int) {
        var place = start
        while place > 0 {
            let above = (place - 1) / 2
            guard node.deadline < heap[above].deadline else { break }
            put(heap[above], at: place)
            place = above
        }
        put(node, at: place)
    }

    private mutating func sink(_ node: Node, from start: Int) {
        var place = start
        while true {
            var below = 2 * place + 1
            guard below < heap.count else { break }
            if below + 1 < heap.count, heap[below + 1].deadline < heap[below].deadline { below += 1 }
            guard heap[below].deadline < node.deadline else { break }
            put(heap[below], at: place)
            place = below
        }
        put(node, at: place)
    }

    private mutating func put(_ node: Node, at place: Int) {
        heap[place] = node
        slots[node.slot].place = place
    }
}

extension Int64 {
    /// The sum, limited to what 64 bits hold.
    func addingClamped(_ other: Int64) -> Int64 {
        let (sum, isTooLarge) = addingReportingOverflow(other)
        return isTooLarge ? (other < 0 ? .min : .max) : sum
    }
}
