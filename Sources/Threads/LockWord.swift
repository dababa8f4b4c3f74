internal import CLinux
internal import Synchronization

/// The word of memory behind a ``Lock``: a mutex that is brief when it is free and patient when it is not.
///
/// The states and their changes are those of the last mutex in Ulrich Drepper's "Futexes Are Tricky" (2011). What differs
/// is how a thread behaves that comes too late. Two cores that take turns at a lock send its memory back and forth, which
/// takes up to ten times as long as appending to a queue under it. So a late thread does not look again for a few
/// microseconds. In that time the other one takes the lock a hundred times and more without leaving its own cache.
@usableFromInline
struct LockWord {
    private typealias Word = Atomic<UInt32>

    private static let free: UInt32 = 0
    private static let held: UInt32 = 1
    /// Held, and some thread sleeps or is about to.
    private static let awaited: UInt32 = 2

    /// Looks at the lock before sleeping. After these the holder is no longer busy but most likely has lost its core.
    private static let looks = 2
    /// CPU hints to pause between two looks: 2 to 10 us, for one takes between 10 ns (Cortex-A76) and 40 ns (Zen 4).
    private static let pauses: UInt32 = 256

    static let alignment = MemoryLayout<UInt32>.alignment

    private let word: UnsafeMutablePointer<Word>

    @usableFromInline
    init(at memory: UnsafeMutableRawPointer) {
        word = memory.assumingMemoryBound(to: Word.self)
    }

    func initialize() {
        word.initialize(to: Atomic(Self.free))
    }

    func deinitialize() {
        word.deinitialize(count: 1)
    }

    @usableFromInline
    func lock() {
        if !take() { lockLater() }
    }

    @usableFromInline
    func unlock() {
        if word.pointee.exchange(Self.free, ordering: .releasing) == Self.awaited { linux_futex_wake(word) }
    }

    private func take() -> Bool {
        word.pointee.compareExchange(
            expected: Self.free, desired: Self.held, successOrdering: .acquiring, failureOrdering: .relaxed
        ).exchanged
    }

    @inline(never)
    private func lockLater() {
        for _ in 0..<Self.looks {
            linux_pause(Self.pauses)
            if word.pointee.load(ordering: .relaxed) == Self.free, take() { return }
        }
        while word.pointee.exchange(Self.awaited, ordering: .acquiring) != Self.free {
            linux_futex_wait(word, Self.awaited, nil)
        }
    }
}
