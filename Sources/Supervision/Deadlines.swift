/// The children that something is due for, the earliest first: a binary heap that knows each child's place in it.
struct Deadlines {
    private var heap: [(moment: Duration, child: Child)] = []

    /// The earliest moment.
    var first: Duration? { heap.first?.moment }

    /// When something is due for a child; nil when nothing is.
    func moment(of child: Child) -> Duration? { child.deadlinePlace.map { heap[$0].moment } }

    /// Sets the one deadline of a child.
    mutating func set(_ child: Child, at moment: Duration) {
        if let place = child.deadlinePlace {
            heap[place].moment = moment
            rise(from: place)
            sink(from: child.deadlinePlace ?? place)
        } else {
            heap.append((moment, child))
            child.deadlinePlace = heap.count - 1
            rise(from: heap.count - 1)
        }
    }

    /// Takes the child's deadline away, if it has one.
    mutating func clear(_ child: Child) {
        guard let place = child.deadlinePlace else { return }
        child.deadlinePlace = nil
        let last = heap.removeLast()
        guard place < heap.count else { return }
        heap[place] = last
        last.child.deadlinePlace = place
        rise(from: place)
        sink(from: last.child.deadlinePlace ?? place)
    }

    /// Takes the earliest child whose moment has come.
    mutating func popDue(at now: Duration) -> Child? {
        guard let first = heap.first, first.moment <= now else { return nil }
        clear(first.child)
        return first.child
    }

    private mutating func rise(from start: Int) {
        var place = start
        while place > 0 {
            let above = (place - 1) / 2
            guard heap[place].moment < heap[above].moment else { break }
            swap(place, above)
            place = above
        }
    }

    private mutating func sink(from start: Int) {
        var place = start
        while true {
            var least = place
            for below in [2 * place + 1, 2 * place + 2]
            where below < heap.count && heap[below].moment < heap[least].moment {
                least = below
            }
            guard least != place else { return }
            swap(place, least)
            place = least
        }
    }

    private mutating func swap(_ one: Int, _ other: Int) {
        heap.swapAt(one, other)
        heap[one].child.deadlinePlace = one
        heap[other].child.deadlinePlace = other
    }
}
