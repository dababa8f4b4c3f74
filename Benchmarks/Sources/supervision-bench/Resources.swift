import CMalloc
import Glibc

/// What this process uses.
enum Resources {
    /// Of the monotonic clock.
    static func nanoseconds() -> Int64 { read(CLOCK_MONOTONIC) }

    static func nanoseconds(_ duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }

    /// User and system time of all threads.
    static func cpuNanoseconds() -> Int64 { read(CLOCK_PROCESS_CPUTIME_ID) }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// Bytes handed out by malloc (mallinfo2(3)).
    static func heapBytes() -> Int {
        let info = mallinfo2()
        return info.uordblks + info.hblkhd
    }

    /// Resident bytes now and at most (proc_pid_status(5)).
    static func residentBytes() throws -> Int { try status("VmRSS:") }
    static func peakBytes() throws -> Int { try status("VmHWM:") }

    private struct Unreadable: Error {}

    private static func status(_ name: String) throws -> Int {
        guard let file = fopen("/proc/self/status", "re") else { throw Unreadable() }
        defer { fclose(file) }
        // The whole of it is some 1.5 KB.
        var bytes = [UInt8](repeating: 0, count: 8192)
        let count = fread(&bytes, 1, bytes.count, file)
        let lines = String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n")
        guard let words = lines.first(where: { $0.hasPrefix(name) })?.split(whereSeparator: { " \t".contains($0) }),
            words.count == 3, let kibibytes = Int(words[1])
        else { throw Unreadable() }
        return kibibytes * 1024
    }
}
