internal import Glibc

/// Reads files that are small by nature: what the kernel tells in /proc and /sys, and configuration.
package enum SmallFile {
    package enum ReadError: Error, Equatable, CustomStringConvertible {
        /// A system call failed, with this errno.
        case system(path: String, code: Int32)
        case tooLarge(path: String, limit: Int)

        package var description: String {
            switch self {
            case .system(let path, let code): return "\(path) cannot be read: \(String(cString: strerror(code)))"
            case .tooLarge(let path, let limit): return "\(path) is larger than \(limit) bytes"
            }
        }
    }

    /// The whole content, refused when it is longer than `limit` bytes. Sizes that stat(2) tells are not relied on: for
    /// files in /proc it is 0.
    package static func read(_ path: String, limit: Int) throws(ReadError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(path: path, code: errno) }
        defer { close(descriptor) }
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw .system(path: path, code: errno)
            }
            if count == 0 { return content }
            content.append(contentsOf: buffer.prefix(count))
            guard content.count <= limit else { throw .tooLarge(path: path, limit: limit) }
        }
    }
}
