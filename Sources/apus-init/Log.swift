internal import Glibc

/// Lines on the console, with the seconds since the kernel started.
enum Log {
    /// The app's and every other process's output goes the same way.
    static let console: Int32 = {
        let descriptor = open("/dev/console", O_RDWR | O_NOCTTY | O_CLOEXEC)
        return descriptor >= 0 ? descriptor : 2
    }()

    static func line(_ text: String) {
        let milliseconds = now() / 1_000_000
        let fraction = String(milliseconds % 1000 + 1000).dropFirst()
        var line = "apus-init: [\(milliseconds / 1000).\(fraction)] \(text)\r\n"
        line.withUTF8 { _ = write(console, $0.baseAddress, $0.count) }
    }

    /// What errno says now.
    static var error: String { String(cString: strerror(errno)) }
}

/// Nanoseconds since the kernel started, sleep included (clock_gettime(2), CLOCK_BOOTTIME).
func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_BOOTTIME, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

let nanosecondsPerSecond: Int64 = 1_000_000_000
