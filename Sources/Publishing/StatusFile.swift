internal import Glibc
internal import JSON
internal import Threads

/// A file in memory for `apus outbox`: how it stands with the outbox, as of the last second in which it changed.
struct StatusFile {
    private let path: String
    private var last: JSON?
    private var accepted: (count: UInt64, moment: Int64)?
    private var rate = 0.0

    /// Made by PID 1; where it is not there, nobody looks.
    private static let folder = "/run/apus"

    /// On a device.
    init?() {
        guard access("\(Self.folder)/init", F_OK) == 0 else { return nil }
        self.init("\(Self.folder)/outbox.json")
    }

    init(_ path: String) {
        self.path = path
    }

    /// Writes it when something has changed, be it only the rate as it is shown, in tenths. That wobbles with the
    /// readings, whose counts change as well; when none come it falls to 0 within some two minutes, and that is all.
    ///
    /// - Parameters:
    ///   - time: in nanoseconds since 1970.
    ///   - brokers: those that the transports are connected to, by their names.
    ///   - now: nanoseconds of `MonotonicClock`.
    mutating func update(
        _ status: OutboxStatus, time: Int64?, brokers: [String: String], now: Int64 = MonotonicClock.now
    ) {
        if let accepted, now > accepted.moment {
            // Half of it is of the last ten seconds or so.
            let recent = Double(status.accepted - accepted.count) * 1e9 / Double(now - accepted.moment)
            rate = rate == 0 ? recent : rate * 0.9 + recent * 0.1
        }
        accepted = (status.accepted, now)
        let content = status.json(process: getpid(), time: nil, uptime: 0, rate: rate, brokers: brokers)
        if content == last { return }
        let text = status.json(
            process: getpid(), time: time, uptime: UInt64(clamping: now / 1_000_000_000), rate: rate, brokers: brokers)
        if write(text) { last = content }
    }

    /// In one piece, as readers see it.
    private func write(_ json: JSON) -> Bool {
        guard let bytes = try? json.serialized(.pretty) else { return false }
        let fresh = "\(path).new"
        let descriptor = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { return false }
        let count = Glibc.write(descriptor, bytes, bytes.count)
        close(descriptor)
        return count == bytes.count && rename(fresh, path) == 0
    }
}
