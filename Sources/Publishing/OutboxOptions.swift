internal import Glibc

/// How a ``Publisher`` keeps what is not yet acknowledged.
public struct OutboxOptions: Sendable, Hashable {
    /// What a sudden end of app or device can cost of those readings that no receiver has.
    public enum Durability: Sendable, Hashable {
        /// Nothing: every reading is written at once, together with what waits at that moment.
        case every
        /// Readings no older than that. What is acknowledged within this time is never written.
        case window(Duration)
    }

    /// What happens to a new reading when the outbox has reached its size.
    public enum WhenFull: Sendable, Hashable {
        /// The oldest ones make room, and are reported missing.
        case dropOldest
        /// The publisher takes none from its mailbox, whose policy then reaches the sensors.
        case suspend
    }

    /// Where the files are, a folder of this outbox alone; nil keeps all in memory, which ends with the process.
    ///
    /// By default `/data/outbox` on a device; elsewhere `$APUS_DATA/outbox`, or nil where that is not set.
    public var folder: String?

    /// By default five seconds: at ten readings a second one write of some 8 KiB holds fifty of them. Ten times less at risk
    /// would wear the flash ten times faster.
    public var durability = Durability.window(.seconds(5))

    public var whenFull = WhenFull.dropOldest

    /// The most bytes of the files; nil for a quarter of the file system, at most 64 MiB, which is five million readings.
    public var bytes: Int?

    /// How long the device may run before a reading is given up; for ever with ``WhenFull/suspend``. Time switched off does
    /// not count, for nothing else counts time when the clock is wrong.
    public var age = Duration.seconds(30 * 86_400)

    /// The most readings in memory while the disk takes none, each about 150 bytes; at least 16.
    public var memory = 10_000

    public init(folder: String? = Self.standardFolder) {
        self.folder = folder
    }

    /// See ``folder``.
    public static var standardFolder: String? {
        // Written into every image when it is built.
        if access("/etc/apus/board.conf", F_OK) == 0 { return "/data/outbox" }
        return getenv("APUS_DATA").map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : "\($0)/outbox" }
    }
}
