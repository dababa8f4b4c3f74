internal import Glibc

/// What happened to the device that its app cannot know: a file with one event a line, the oldest dropped first.
///
/// `2026-01-31T12:00:00Z data: repaired (e2fsck -p)`; the time is the device's idea of it, which before the network is there
/// may be that of its last shutdown or of its image.
struct EventLog {
    let folder: String
    var path: String { "\(folder)/events" }

    /// When the file is larger than this its older half is dropped: some hundred events.
    static let sizeLimit = 32 * 1024

    /// Appends and puts it on the card. A card that cannot take it keeps none: the console has said it too.
    func record(_ event: String) {
        mkdir(folder, 0o755)
        shrink()
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var line = "\(Self.time()) \(event)\n"
        line.withUTF8 { _ = write(descriptor, $0.baseAddress, $0.count) }
        fsync(descriptor)
    }

    /// By a new file in the place of the old one, so that a power cut leaves one of the two.
    private func shrink() {
        var status = stat()
        guard stat(path, &status) == 0, status.st_size > Self.sizeLimit else { return }
        let kept = Settings.bytes(of: path).suffix(Self.sizeLimit / 2).drop { $0 != UInt8(ascii: "\n") }.dropFirst()
        let replacement = path + ".new"
        let descriptor = open(replacement, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { return }
        let written = kept.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        fsync(descriptor)
        close(descriptor)
        if written == kept.count { rename(replacement, path) } else { unlink(replacement) }
    }

    private static func time() -> String {
        var seconds = Glibc.time(nil)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(Int(parts.tm_year) + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
            + "T\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))Z"
    }
}
