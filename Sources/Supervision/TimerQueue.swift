/// What a timer service has yet to do, by time.
///
/// Series with the same moments are one entry: however many they are, their ticks cost the queue nothing each. The
/// entries are in a binary heap, so that everything else costs at most O(log n).
///
/// It knows no clock and no thread: whoever owns it tells the time. All times are nanoseconds on one clock.
struct TimerQueue {
    /// Names what was inserted for as long as it is in the queue, and nothing thereafter.
    struct ID: Sendable, Hashable {
        fileprivate let slot: Int
        fileprivate let generation: Int
    }

    typealias Call = @Sendable () -> Void

    /// What was removed, to be released where no lock is held: its deinit may do anything.
    enum Removed {
        case call(Call)
        case series(any TickSeries)
    }

    struct Member {
        let series: any TickSeries
        /// The series has no tick before.
        let first: Int64
        fileprivate let slot: Int
        let memory: TickMemory
    }

    /// A moment of some series that has come.
    struct Moment {
        let members: [Member]
        let period: Int64
        /// The latest moment that has come.
        let scheduled: Int64
        /// How many moments before that one passed without ticks.
        let missed: Int64
    }

    /// What is due first.
    enum Due {
        case call(Call)
        case ticks(Moment)
    }

    /// Series with the same moments.
    private struct Group {
        let moments: Moments
        var slot: Int
        var members: [Member] = []
    }

    private struct Moments: Hashable {
        let period: Int64
        /// Of the moments, from 0 to less than the period.
        let phase: Int64

        func next(after now: Int64) -> Int64 {
            // Both remainders are within a period of zero, so their difference is in range.
            let distance = (phase - now % period) % period
            return now.addingClamped(distance > 0 ? distance : distance + period)
        }
    }

    private enum Content {
        case none
        case call(Call)
        /// An index of `groups`.
        case group(Int)
        case member(group: Int, index: Int)
    }

    private struct Slot {
        var generation = 0
        /// In the heap; nothing for members.
        var place = 0
        var content = Content.none
    }

    private struct Node {
        let deadline: Int64
        let slot: Int
    }

    private var heap: [Node] = []
    private var slots: [Slot] = []
    private var freeSlots: [Int] = []
    private var groups: [Group] = []
    private var freeGroups: [Int] = []
    private var groupOf: [Moments: Int] = [:]
    private(set) var seriesCount = 0
    private(set) var callCount = 0

    /// When something is due next; nil when nothing is in the queue.
    var first: Int64? { heap.first?.deadline }

    func contains(_ id: ID) -> Bool { slots[id.slot].generation == id.generation }

    /// The most there ever was in the queue at a time, which is what it takes memory for.
    var capacity: Int { slots.count }

    mutating func insert(_ call: @escaping Call, at moment: Int64) -> ID {
        callCount += 1
        let slot = occupy(.call(call))
        push(slot, moment)
        return ID(slot: slot, generation: slots[slot].generation)
    }

    /// - Parameters:
    ///   - period: more than 0.
    ///   - phase: the series' moments are a whole number of periods away from it. The first is the first after `now`.
    mutating func insert(_ series: any TickSeries, every period: Int64, phase: Int64, now: Int64) -> ID {
        seriesCount += 1
        let remainder = phase % period
        let moments = Moments(period: period, phase: remainder < 0 ? remainder + period : remainder)
        let first = moments.next(after: now)
        let index: Int
        if let present = groupOf[moments] {
            index = present
        } else {
            index = freeGroups.popLast() ?? groups.count
            let group = Group(moments: moments, slot: occupy(.group(index)))
            if index == groups.count { groups.append(group) } else { groups[index] = group }
            groupOf[moments] = index
            push(group.slot, first)
        }
        let slot = occupy(.member(group: index, index: groups[index].members.count))
        groups[index].members.append(Member(series: series, first: first, slot: slot, memory: series.memory))
        return ID(slot: slot, generation: slots[slot].generation)
    }

    /// Does nothing when the id names nothing any more.
    mutating func remove(_ id: ID) -> Removed? {
        guard contains(id) else { return nil }
        switch slots[id.slot].content {
        case .none, .group:
            return nil
        case .call(let call):
            callCount -= 1
            pull(id.slot)
            vacate(id.slot)
            return .call(call)
        case .member(let group, let index):
            seriesCount -= 1
            vacate(id.slot)
            return .series(removeMember(index, of: group))
        }
    }

    /// Takes what has been due for longest. The next moment of series that were taken is in the future: moments that
    /// have passed make one tick together.
    mutating func takeDue(at now: Int64) -> Due? {
        guard let node = heap.first, node.deadline <= now else { return nil }
        switch slots[node.slot].content {
        case .none, .member:
            preconditionFailure("the heap holds calls and groups")
        case .call(let call):
            callCount -= 1
            pull(node.slot)
            vacate(node.slot)
            return .call(call)
        case .group(let index):
            let period = groups[index].moments.period
            let missed = (now - node.deadline) / period
            let scheduled = node.deadline + missed * period
            sink(Node(deadline: scheduled.addingClamped(period), slot: node.slot), from: 0)
            return .ticks(Moment(members: groups[index].members, period: period, scheduled: scheduled, missed: missed))
        }
    }

    private mutating func removeMember(_ index: Int, of group: Int) -> any TickSeries {
        let removed = groups[group].members[index]
        let last = groups[group].members.removeLast()
        if index < groups[group].members.count {
            groups[group].members[index] = last
            slots[last.slot].content = .member(group: group, index: index)
        }
        if groups[group].members.isEmpty {
            groupOf[groups[group].moments] = nil
            pull(groups[group].slot)
            vacate(groups[group].slot)
            freeGroups.append(group)
        }
        return removed.series
    }

    private mutating func occupy(_ content: Content) -> Int {
        guard let slot = freeSlots.popLast() else {
            slots.append(Slot(content: content))
            return slots.count - 1
        }
        slots[slot].content = content
        return slot
    }

    private mutating func vacate(_ slot: Int) {
        slots[slot].content = .none
        slots[slot].generation += 1
        freeSlots.append(slot)
    }
}

// The heap.
extension TimerQueue {
    private mutating func push(_ slot: Int, _ deadline: Int64) {
        let node = Node(deadline: deadline, slot: slot)
        heap.append(node)
        rise(node, from: heap.count - 1)
    }

    private mutating func pull(_ slot: Int) {
        let place = slots[slot].place
        let last = heap.removeLast()
        guard place < heap.count else { return }
        if place > 0, last.deadline < heap[(place - 1) / 2].deadline {
            rise(last, from: place)
        } else {
            sink(last, from: place)
        }
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
