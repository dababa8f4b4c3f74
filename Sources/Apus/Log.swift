internal import Glibc

/// One-line messages on standard error, which on a device is the console.
enum Log {
    /// Written by one call, so that lines of several threads do not mix.
    static func line(_ text: String) {
        var line = "apus: \(text)\n"
        line.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    /// Some lines, one after the other.
    static func text(_ text: String) {
        for line in text.split(separator: "\n") { self.line(String(line)) }
    }
}
