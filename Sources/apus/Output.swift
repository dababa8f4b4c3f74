internal import Glibc
internal import JSON
internal import Monitoring

/// Results go to the standard output, everything else to the standard error.
enum Output {
    static func line(_ text: String) { write("\(text)\n", to: STDOUT_FILENO) }

    static func note(_ text: String) { write("\(text)\n", to: STDERR_FILENO) }

    static func error(_ text: String) { note("error: \(text)") }

    static func json(_ value: JSON) {
        // Cannot fail: no number in what this program prints is infinite or none.
        if let text = try? value.text() { line(text) }
    }

    static func write(_ text: String, to descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                // Nobody reads any more; the update goes on.
                return
            }
        }
    }

    /// Text of unknown origin, without what could drive a terminal.
    static func printable(_ text: String) -> String {
        PrintableText.of(text)
    }

    /// As in `12.3 MB`; powers of ten.
    static func size(_ bytes: Int) -> String {
        for (unit, name) in [(1_000_000_000, "GB"), (1_000_000, "MB"), (1000, "kB")] where bytes >= unit {
            let tenths = bytes / (unit / 10)
            return "\(tenths / 10).\(tenths % 10) \(name)"
        }
        return "\(bytes) bytes"
    }
}
