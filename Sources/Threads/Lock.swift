/// A value that only one thread at a time can reach.
///
/// It has the shape of `Synchronization`'s `Mutex` and takes its place in the device's modules for two reasons. Thread
/// Sanitizer does not see into that library: all that a `Mutex` guards is a race to it. And when cores fight for a
/// `Mutex`, that costs far more than what is done under it, see ``LockWord``.
@usableFromInline
package struct Lock<Value: ~Copyable>: ~Copyable {
    /// The word and behind it the value. Allocated, for the kernel wants an address that stays.
    @usableFromInline let storage: UnsafeMutableRawPointer

    package init(_ value: consuming sending Value) {
        storage = .allocate(
            byteCount: Self.valueOffset + MemoryLayout<Value>.size,
            alignment: max(LockWord.alignment, MemoryLayout<Value>.alignment))
        LockWord(at: storage).initialize()
        self.value.initialize(to: value)
    }

    deinit {
        value.deinitialize(count: 1)
        LockWord(at: storage).deinitialize()
        storage.deallocate()
    }

    /// Runs `body` with the value while no other thread can.
    ///
    /// Not re-entrant: `body` must not use this lock again. It should be short, and call nothing it does not know.
    @inlinable
    @inline(__always)
    package borrowing func withLock<Result: ~Copyable, Failure: Error>(
        _ body: (inout sending Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        let word = LockWord(at: storage)
        word.lock()
        defer { word.unlock() }
        // A compiler with assertions takes no `&value.pointee` under Thread Sanitizer.
        let pointer = value
        return try body(&pointer.pointee)
    }

    @inlinable var value: UnsafeMutablePointer<Value> {
        (storage + Self.valueOffset).assumingMemoryBound(to: Value.self)
    }

    /// A word takes 4 bytes; 8 fit nearly everything that comes behind it.
    @inlinable static var valueOffset: Int { max(8, MemoryLayout<Value>.alignment) }
}

// Unchecked: the compiler cannot see that the value is reached under the lock only. What goes in or out is `sending`.
extension Lock: @unchecked Sendable where Value: ~Copyable {}
