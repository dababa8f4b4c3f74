internal import CLinux
internal import Glibc

/// The hardware watchdog: resets the machine when apus-init's loop stands still.
struct Watchdog {
    /// Below the longest a Pi's can be set to, which is 15 s (Linux, drivers/watchdog/bcm2835_wdt.c), and far above the
    /// loop's longest wait.
    private static let timeout: Int32 = 14
    /// The loop comes by at least that often, in nanoseconds.
    static let interval: Int64 = 4 * nanosecondsPerSecond

    private let descriptor: Int32

    /// Nil while there is none. Opening it starts it; it is never closed, so that a shutdown that hangs is ended, too.
    init?(_ path: String) {
        descriptor = open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        var timeout = Self.timeout
        if linux_ioctl(descriptor, linux_watchdog_set_timeout, &timeout) != 0 {
            Log.line("the watchdog keeps its own timeout: \(Log.error)")
        }
    }

    func feed() {
        var byte: UInt8 = 0
        write(descriptor, &byte, 1)
    }

    /// Whether this machine's watchdog is to be left alone: QEMU's model of a Pi resets the machine as soon as it is set.
    static let isAbsent = access("/proc/device-tree/chosen/apus,no-watchdog", F_OK) == 0
}
