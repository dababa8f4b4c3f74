import Apus
import CTimex
import Glibc
import Synchronization

/// How far each sensor has counted, and what of it is stored; told on the console every second.
///
/// A line for a sensor is
///
///     stored BOOT SENSOR FIRST LAST CHECKSUM
///
/// where BOOT is the beginning of the boot's id, and SENSOR the full name, which tells the process: the values from FIRST to LAST are stored, as
/// ``Publisher/store(_:)`` says; or, in a line that begins with `aged`, they went into the mailbox so long ago that the
/// window of durability must be over, if only the disk works. Other programs write on the console, too: a line that they
/// damaged has a wrong checksum.
final class Tally: Sendable {
    static let window = Duration.seconds(2)

    /// Rounds of at least a second after which what was put into the mailbox must be stored: thrice the window.
    private static let age = 6

    private struct Series {
        /// The next value.
        var next = 0
        /// Of the values that are stored, the last ones without a hole.
        var first = 0
        var last: Int?
        var told: Int?
        /// For a sensor that posts: the next values of the last seconds.
        var history: [Int]?
    }

    /// The kernel's clock in milliseconds when the process began: no other process of this boot has the same.
    private let start: Int
    private let boot: String
    private let series = Mutex<[String: Series]>([:])

    init() {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        start = time.tv_sec * 1000 + time.tv_nsec / 1_000_000
        boot = Self.bootID()
    }

    /// A sensor's full name.
    func name(_ sensor: String) -> String { "\(sensor).\(start)" }

    /// Some new values of a sensor; none while it is to be quiet.
    func next(_ count: Int, of sensor: String) -> [Int] {
        if access("/tmp/quiet", F_OK) == 0 { return [] }
        return series.withLock { all in
            let first = all[sensor, default: Series()].next
            all[sensor, default: Series()].next += count
            return Array(first..<(first + count))
        }
    }

    /// Whether sensors are to wait that have their readings stored at once, so that only the window of durability ends.
    var isResting: Bool { access("/tmp/rest", F_OK) == 0 }

    func stored(through value: Int, of sensor: String) {
        series.withLock { $0[sensor]?.last = value }
    }

    /// Up to that value not all are stored.
    func gaveUp(through value: Int, of sensor: String) {
        series.withLock {
            $0[sensor]?.first = value + 1
            $0[sensor]?.last = nil
        }
    }

    var childSpec: ChildSpec {
        ChildSpec("tally") {
            {
                while true {
                    try await ContinuousClock().sleep(for: .seconds(1))
                    self.tell()
                    if access("/tmp/clock-is-right", F_OK) == 0 { Self.vouchForClock() }
                }
            }
        }
    }

    private func tell() {
        var lines: [UInt8] = []
        series.withLock { all in
            for (sensor, value) in all {
                var value = value
                let isPosted = sensor.utf8.starts(with: "posted".utf8)
                if isPosted {
                    let history = (value.history ?? []) + [value.next]
                    value.history = history.suffix(Self.age + 1)
                    if history.count > Self.age, let next = value.history?.first, next > 0 { value.last = next - 1 }
                }
                if let last = value.last, last != value.told {
                    value.told = last
                    let words = "\(isPosted ? "aged" : "stored") \(boot) \(sensor) \(value.first) \(last)"
                    lines += Array("\(words) \(Self.checksum(words))\n".utf8)
                }
                all[sensor] = value
            }
        }
        // In one call: others' lines come before or behind.
        if !lines.isEmpty { _ = write(STDOUT_FILENO, lines, lines.count) }
    }

    /// FNV-1a, 32 bits.
    private static func checksum(_ text: String) -> UInt32 {
        text.utf8.reduce(0x811C_9DC5) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
    }

    /// Tells the kernel that its clock is synchronised, as an NTP client does (adjtimex(2)). Whoever sets the clock takes
    /// that back.
    private static func vouchForClock() {
        var state = timex()
        state.modes = UInt32(ADJ_STATUS)
        adjtimex(&state)
    }

    /// Its first eight characters.
    private static func bootID() -> String {
        var bytes = [UInt8](repeating: 0, count: 8)
        let descriptor = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)
        _ = read(descriptor, &bytes, bytes.count)
        close(descriptor)
        return String(decoding: bytes, as: UTF8.self)
    }
}
