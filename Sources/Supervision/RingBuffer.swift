/// A first-in-first-out queue that grows up to a fixed capacity and then no further.
///
/// It grows by doubling instead of reserving its capacity, because most mailboxes on a device stay nearly empty.
struct RingBuffer<Element> {
    /// Slots; those outside the `count` elements from `head` on are nil, so that taken elements are freed at once.
    private var slots: [Element?] = []
    private var head = 0
    private(set) var count = 0
    let capacity: Int

    /// A capacity below 1 counts as 1.
    init(capacity: Int) {
        self.capacity = max(1, capacity)
    }

    var isFull: Bool { count == capacity }

    /// Appends when there is room; the caller asks ``isFull`` first. Answers whether there was.
    @discardableResult
    mutating func append(_ element: Element) -> Bool {
        guard count < capacity else { return false }
        if count == slots.count { grow() }
        slots[wrapped(head + count)] = element
        count += 1
        return true
    }

    /// The oldest.
    var first: Element? { count > 0 ? slots[head] : nil }

    mutating func popFirst() -> Element? {
        guard count > 0 else { return nil }
        let element = slots[head]
        slots[head] = nil
        head = wrapped(head + 1)
        count -= 1
        return element
    }

    /// Takes up to `limit` elements, oldest first.
    mutating func popFirst(upTo limit: Int) -> [Element] {
        var taken: [Element] = []
        taken.reserveCapacity(min(limit, count))
        while taken.count < limit, let element = popFirst() {
            taken.append(element)
        }
        return taken
    }

    func count(where isCounted: (Element) -> Bool) -> Int {
        slots.count { $0.map(isCounted) ?? false }
    }

    private func wrapped(_ index: Int) -> Int {
        index < slots.count ? index : index - slots.count
    }

    private mutating func grow() {
        var grown: [Element?] = []
        let size = slots.count > capacity / 2 ? capacity : max(4, slots.count * 2)
        grown.reserveCapacity(size)
        for offset in 0..<count { grown.append(slots[wrapped(head + offset)]) }
        grown.append(contentsOf: repeatElement(nil, count: size - count))
        slots = grown
        head = 0
    }
}
