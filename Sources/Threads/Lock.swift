/// A value that only one thread at a time can reach.
///
/// It has the shape of `Synchronization`'s `Mutex` and takes its place in the device's modules for two reasons. Thread
/// Sanitizer does not see into that library: whatever a contended `Mutex` guards is a race to it. And when cores fight
/// for a `Mutex` it costs far more than what is done under it, see ``LockWord``.
@usableFromInline
package struct Lock<Value: ~Copyable>: ~Copyable {
    /// Allocated in one piece: the word must not move, and who has the word uses the value next.
    @usableFromInline let word: LockWord
    @usableFromInline let value: UnsafeMutablePointer<Value>

    package init(_ value: consuming sending Value) {
        let alignment = max(MemoryLayout<Value>.alignment, MemoryLayout<LockWord.Storage>.alignment)
        let offset = (MemoryLayout<LockWord.Storage>.size + alignment - 1) / alignment * alignment
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: offset + MemoryLayout<Value>.size, alignment: alignment)
        word = LockWord(at: memory)
        self.value = (memory + offset).bindMemory(to: Value.self, capacity: 1)
        self.value.initialize(to: value)
    }

    deinit {
        value.deinitialize(count: 1)
        word.deallocate()
    }

    /// Runs `body` with the value while no other thread can.
    ///
    /// Not re-entrant: `body` must not use this lock again. It should be short, and call nothing it does not know.
    @inlinable @inline(__always)
    package borrowing func withLock<Result: ~Copyable, Failure: Error>(
        _ body: (inout sending Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        word.lock()
        defer { word.unlock() }
        return try body(&value.pointee)
    }
}

// Unchecked: the compiler cannot see that the value is reached under the lock only. What goes in or out is `sending`.
extension Lock: @unchecked Sendable where Value: ~Copyable {}
