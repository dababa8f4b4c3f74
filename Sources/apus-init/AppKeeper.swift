/// When the app starts again after it ended, and when the machine is rebooted instead. Pure arithmetic on times in
/// nanoseconds, so that it is tested without waiting.
struct AppKeeper {
    enum Decision: Equatable {
        case start(at: Int64)
        case reboot
    }

    /// The first restart comes after a second: long enough for a device that dropped off its bus to answer again.
    static let firstDelay: Int64 = 1_000_000_000
    /// Doubled after each failure up to half a minute: an app that cannot run yet (no sensor, no disk) is tried often
    /// enough, and the console stays readable.
    static let longestDelay: Int64 = 30_000_000_000
    /// An app that ran this long counts as healthy: the next failure is a first one.
    static let stableRun: Int64 = 60_000_000_000
    /// With the delays above the tenth failure comes after three and a half minutes at the earliest. A reboot then
    /// gives drivers, bus and memory a clean start, and the boot script the choice of another slot.
    static let failures = 10
    /// On trial the other slot is known to be good: fifteen seconds of crashes are enough.
    static let failuresOfTrial = 5

    var failuresBeforeReboot = failures
    private(set) var failures = 0
    private var startedAt: Int64 = 0

    mutating func started(at time: Int64) { startedAt = time }

    mutating func ended(at time: Int64) -> Decision {
        if time - startedAt >= Self.stableRun { failures = 0 }
        failures += 1
        if failures >= failuresBeforeReboot { return .reboot }
        var delay = Self.firstDelay
        for _ in 1..<failures { delay = min(delay * 2, Self.longestDelay) }
        return .start(at: time + delay)
    }
}
