/// A task that waits for something of a mailbox or a registry, and a link of the ``WaitList`` it waits in. The waiting task keeps it alive.
@usableFromInline
class Waiter: @unchecked Sendable {  // Unchecked: the lock of its list guards it, which the compiler cannot see.
    /// Unsafe because a checked one needs an allocation more; resumed by whoever takes the waiter out of its list.
    typealias Continuation = UnsafeContinuation<Bool, Never>

    fileprivate enum Phase {
        /// Not yet in a list.
        case new
        case waiting
        /// Taken out of its list, or cancelled before it came there.
        case over
    }

    fileprivate var phase = Phase.new
    fileprivate var continuation: Continuation?
    fileprivate var previous: Waiter?
    fileprivate var next: Waiter?

    /// Wakes the task of a waiter that was taken out of its list.
    @usableFromInline
    func resume() {
        continuation?.resume(returning: true)
    }
}

/// Waiters in the order they came. To take out any of them costs the same, be there two or thousands.
///
/// The links are the waiters themselves, so a list has no memory of its own that could grow. They hold each other, but no
/// waiter's task goes on before it is out of the list.
@usableFromInline
struct WaitList: ~Copyable, Sendable {
    @usableFromInline var first: Waiter?
    private var last: Waiter?
    private(set) var count = 0

    var isEmpty: Bool { first == nil }

    /// - Returns: false when the waiter was cancelled before it came here; it must not wait.
    mutating func append(_ waiter: Waiter, _ continuation: Waiter.Continuation) -> Bool {
        guard waiter.phase == .new else { return false }
        waiter.phase = .waiting
        waiter.continuation = continuation
        link(waiter)
        return true
    }

    /// Takes the waiter out if it is in this list. One that is not there yet will not come in.
    /// - Returns: what to resume with false.
    mutating func cancel(_ waiter: Waiter) -> Waiter.Continuation? {
        let phase = waiter.phase
        waiter.phase = .over
        guard phase == .waiting else { return nil }
        unlink(waiter)
        return waiter.continuation
    }

    /// Takes out the one that came first.
    @inlinable
    mutating func popFirst() -> Waiter? {
        first == nil ? nil : removeFirst()
    }

    /// Moves the one that came first to a list of those who will be resumed.
    mutating func moveFirst(to woken: inout WaitList) {
        if let waiter = removeFirst() { woken.link(waiter) }
    }

    /// Moves all that are meant.
    mutating func moveAll(to woken: inout WaitList, where isMeant: (Waiter) -> Bool) {
        var candidate = first
        while let waiter = candidate {
            candidate = waiter.next
            guard isMeant(waiter) else { continue }
            unlink(waiter)
            waiter.phase = .over
            woken.link(waiter)
        }
    }

    /// Resumes all with true. Needs no lock: to everybody else these waiters are over.
    mutating func resumeAll() {
        while let waiter = first {
            unlink(waiter)
            waiter.resume()
        }
    }

    @usableFromInline
    mutating func removeFirst() -> Waiter? {
        guard let waiter = first else { return nil }
        unlink(waiter)
        waiter.phase = .over
        return waiter
    }

    private mutating func link(_ waiter: Waiter) {
        waiter.previous = last
        if let last { last.next = waiter } else { first = waiter }
        last = waiter
        count += 1
    }

    private mutating func unlink(_ waiter: Waiter) {
        if let previous = waiter.previous { previous.next = waiter.next } else { first = waiter.next }
        if let next = waiter.next { next.previous = waiter.previous } else { last = waiter.previous }
        waiter.previous = nil
        waiter.next = nil
        count -= 1
    }
}
