internal import CLinux
internal import Glibc
internal import Synchronization

/// A flag that one thread waits for, with a deadline: futex(2), one system call a wait and none for a flag nobody waits for.
///
/// Signals given before they are waited for count as one.
final class WakeFlag: Sendable {
    private static let clear: UInt32 = 0
    private static let raised: UInt32 = 1
    /// Clear, and the thread sleeps or is about to.
    private static let awaited: UInt32 = 2

    /// Allocated, for the kernel wants an address that stays. Sharing it is what it is for: it is atomic.
    private nonisolated(unsafe) let word: UnsafeMutablePointer<Atomic<UInt32>>

    init() {
        word = .allocate(capacity: 1)
        word.initialize(to: Atomic(Self.clear))
    }

    deinit {
        word.deinitialize(count: 1)
        word.deallocate()
    }

    /// Wakes the waiting thread, or the next one that waits. Never blocks.
    func signal() {
        if word.pointee.exchange(Self.raised, ordering: .acquiringAndReleasing) == Self.awaited {
            linux_futex_wake(word)
        }
    }

    /// Blocks the thread until there is a signal, and takes it, or until the deadline. May return before for no reason,
    /// and leaves the signal for the next time when the deadline is past.
    /// - Parameter deadline: nanoseconds of ``MonotonicClock``; nil for ever.
    func wait(until deadline: Int64?) {
        // The kernel would arm a timer even for a moment that is past, which costs more than the clock.
        if let deadline, deadline <= MonotonicClock.now { return }
        if word.pointee.compareExchange(
            expected: Self.clear, desired: Self.awaited, ordering: .acquiringAndReleasing
        ).exchanged {
            if let deadline {
                let nanoseconds = max(deadline, 0)
                var moment = timespec(
                    tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
                linux_futex_wait(word, Self.awaited, &moment)
            } else {
                linux_futex_wait(word, Self.awaited, nil)
            }
        }
        _ = word.pointee.exchange(Self.clear, ordering: .acquiringAndReleasing)
    }
}
