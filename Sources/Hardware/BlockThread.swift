internal import Glibc

/// Blocks the calling thread, as a slow device does; for simulated ones, whose calls are made on threads that may block.
func blockThread(_ duration: Duration) {
    let (seconds, attoseconds) = duration.components
    var time = timespec(tv_sec: Int(clamping: max(seconds, 0)), tv_nsec: Int(max(attoseconds, 0) / 1_000_000_000))
    nanosleep(&time, nil)
}
