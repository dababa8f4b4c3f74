internal import CLinux
internal import Glibc

/// The two clocks a reading is stamped with.
package enum DeviceClock {
    /// Nanoseconds of CLOCK_MONOTONIC.
    package static var monotonicTime: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(clamping: nanoseconds(time))
    }

    /// The wall-clock time of a moment of CLOCK_MONOTONIC in nanoseconds since 1970-01-01T00:00:00Z; nil while the kernel
    /// says that its clock is not synchronised (adjtimex(2), TIME_ERROR): a Pi without network starts its clock anywhere.
    package static func wallTime(at moment: UInt64) -> Int64? {
        var state = timex()
        guard adjtimex(&state) != TIME_ERROR else { return nil }
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return wallTime(at: moment, now: monotonicTime, wallTimeNow: nanoseconds(time))
    }

    /// Nil for a moment so far off that 64 bits of nanoseconds do not reach it.
    static func wallTime(at moment: UInt64, now: UInt64, wallTimeNow: Int64) -> Int64? {
        let age = Int64(clamping: now) - Int64(clamping: moment)
        let (time, isOutOfRange) = wallTimeNow.subtractingReportingOverflow(age)
        return isOutOfRange ? nil : time
    }

    /// Clamped: 64 bits hold nanoseconds until the year 2262, and a clock can be set to any year.
    static func nanoseconds(_ time: timespec) -> Int64 {
        let (seconds, isTooLarge) = Int64(time.tv_sec).multipliedReportingOverflow(by: 1_000_000_000)
        if isTooLarge { return time.tv_sec < 0 ? .min : .max }
        let (sum, isTooLargeSum) = seconds.addingReportingOverflow(Int64(time.tv_nsec))
        return isTooLargeSum ? .max : sum
    }
}
