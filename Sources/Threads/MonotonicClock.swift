internal import Glibc

/// The kernel's CLOCK_MONOTONIC: the one its waits, its GPIO edges and its input events are told in.
///
/// It stands still while the machine is suspended, unlike Swift's ContinuousClock (CLOCK_BOOTTIME). A wait can end by
/// CLOCK_MONOTONIC with a single futex(2) call and not by CLOCK_BOOTTIME, and a Raspberry Pi has no suspend.
package enum MonotonicClock {
    /// Nanoseconds, usually since the start of the machine. 64 bits hold 292 years of them.
    package static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }
}
