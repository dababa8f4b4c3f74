/// A first-in-first-out queue that grows up to a fixed capacity and then no further.
///
/// It grows by doubling instead of reserving its capacity, because most mailboxes on a device stay nearly empty. Its
/// slots are plain memory and not optionals in an array, because a mailbox holds its lock while it uses them.
@usableFromInline
struct RingBuffer<Element>: ~Copyable {
    /// Nil until the first element comes. Initialized are the `count` slots from `head` on, wrapping round.
    @usableFromInline var slots: UnsafeMutablePointer<Element>?
    @usableFromInline var size = 0
    @usableFromInline var head = 0
    @usableFromInline var count = 0
    @usableFromInline let capacity: Int

    /// A capacity below 1 counts as 1.
    init(capacity: Int) {
        self.capacity = max(1, capacity)
    }

    // Inlinable because Swift 6.3 asserts in its inliner otherwise.
    @inlinable deinit {
        guard let slots else { return }
        let unwrapped = min(count, size - head)
        (slots + head).deinitialize(count: unwrapped)
        slots.deinitialize(count: count - unwrapped)
        slots.deallocate()
    }

    var isFull: Bool { count == capacity }

    /// Appends when there is room; the caller asks ``isFull`` first. Answers whether there was.
    @inlinable
    @discardableResult
    mutating func append(_ element: Element) -> Bool {
        if count == size {
            guard count < capacity else { return false }
            grow()
        }
        guard let slots else { return false }
        (slots + wrapped(head + count)).initialize(to: element)
        count += 1
        return true
    }

    /// The oldest.
    var first: Element? {
        guard count > 0, let slots else { return nil }
        return slots[head]
    }

    mutating func popFirst() -> Element? {
        guard count > 0, let slots else { return nil }
        let element = (slots + head).move()
        head = wrapped(head + 1)
        count -= 1
        return element
    }

    /// Takes up to `limit` elements, oldest first.
    mutating func popFirst(upTo limit: Int) -> [Element] {
        let taken = min(limit, count)
        guard taken > 0, let slots else { return [] }
        let unwrapped = min(taken, size - head)
        let elements = [Element](unsafeUninitializedCapacity: taken) { target, initialized in
            guard let base = target.baseAddress else { return }
            base.moveInitialize(from: slots + head, count: unwrapped)
            (base + unwrapped).moveInitialize(from: slots, count: taken - unwrapped)
            initialized = taken
        }
        count -= taken
        // From the front again: memory in the processor's cache, and one piece to move the next time.
        head = count == 0 ? 0 : wrapped(head + taken)
        return elements
    }

    /// Puts an element in the place of the one `offset` behind the oldest, and answers that one.
    mutating func replace(at offset: Int, with element: Element) -> Element {
        guard let slots, offset < count else { return element }
        let slot = slots + wrapped(head + offset)
        let replaced = slot.move()
        slot.initialize(to: element)
        return replaced
    }

    func count(where isCounted: (Element) -> Bool) -> Int {
        guard let slots else { return 0 }
        return (0..<count).count { isCounted(slots[wrapped(head + $0)]) }
    }

    @inlinable
    func wrapped(_ index: Int) -> Int {
        index < size ? index : index - size
    }

    @usableFromInline
    mutating func grow() {
        // 4 slots at first: fewer are not worth an allocation of their own.
        let grownSize = min(capacity, max(4, size * 2))
        let grown = UnsafeMutablePointer<Element>.allocate(capacity: grownSize)
        if let slots {
            let unwrapped = min(count, size - head)
            grown.moveInitialize(from: slots + head, count: unwrapped)
            (grown + unwrapped).moveInitialize(from: slots, count: count - unwrapped)
            slots.deallocate()
        }
        slots = grown
        size = grownSize
        head = 0
    }
}
