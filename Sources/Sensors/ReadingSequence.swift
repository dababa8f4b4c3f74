internal import Synchronization

/// Numbers the readings of this device within a boot.
///
/// A process starts counting at the microseconds since boot instead of at 0, so that an app that crashed and was
/// restarted in the same boot does not use a number twice: it would have had to take more than a million readings per
/// second. The numbers stay below 2^53, which JSON receivers hold exactly, for 285 years of uptime.
enum ReadingSequence {
    private static let last = Atomic<UInt64>(DeviceClock.monotonicTime / 1000)

    static func next() -> UInt64 {
        last.wrappingAdd(1, ordering: .relaxed).newValue
    }
}
