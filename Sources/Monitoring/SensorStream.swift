internal import CLinux
internal import Glibc

/// The reports of an app's sensors as they come from its socket, one a second. Its calls block.
public final class SensorStream {
    /// Where an app on a device listens.
    public static let devicePath = "/run/apus/sensors"

    /// Far above the report of a thousand sensors.
    static let lineLimit = 4 << 20

    private let descriptor: Int32
    private var rest: [UInt8] = []

    /// - Parameter path: of the app's socket.
    /// - Throws: ``SensorStreamError/absent(path:reason:)``.
    public init(path: String = SensorStream.devicePath) throws(SensorStreamError) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let fits = withUnsafeMutableBytes(of: &address.sun_path) { bytes in
            bytes.copyBytes(from: path.utf8.prefix(bytes.count - 1))
            return path.utf8.count < bytes.count
        }
        guard fits else { throw .absent(path: path, reason: "a path of a socket has at most 107 bytes") }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw .absent(path: path, reason: String(cString: strerror(errno))) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else {
            let code = errno
            close(descriptor)
            let reason =
                code == ENOENT || code == ECONNREFUSED ? "the app does not run" : String(cString: strerror(code))
            throw .absent(path: path, reason: reason)
        }
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    /// Waits for the next report.
    /// - Returns: its line, without the line feed; nil when the app has ended, or serves enough others.
    /// - Throws: ``SensorStreamError/silent(seconds:)``, ``SensorStreamError/tooLong``.
    public func nextLine(within seconds: Int = 30) throws(SensorStreamError) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        var searched = 0
        while true {
            if let end = rest[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { rest.removeFirst(end + 1) }
                return Array(rest[..<end])
            }
            searched = rest.count
            guard searched <= Self.lineLimit else { throw .tooLong }
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let ready = poll(&entry, 1, Int32(clamping: seconds.multipliedReportingOverflow(by: 1000).partialValue))
            if ready == 0 { throw .silent(seconds: seconds) }
            let count = ready < 0 ? -1 : read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return nil }
            rest += buffer[..<count]
        }
    }
}
