internal import Glibc

/// The system's console, where the app's output goes.
enum Console {
    /// Writes a line in one piece, so that lines of several threads do not mix.
    static func print(_ line: String) {
        let bytes = Array("apus: \(line)\n".utf8)
        // A console that takes nothing more is no reason to fail.
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }
}
