internal import CLinux
internal import Glibc

/// What the app says about itself: datagrams of one word on a socket of the file system.
///
/// `starting`: its supervisors answer. `healthy`: and it does what it is for. An app that has spoken once is expected to go
/// on; one that never speaks (not built on Apus) is left alone, and has to be confirmed by `apus confirm`.
struct AppReports {
    enum Report: Equatable {
        case starting
        case healthy
    }

    static let path = "/run/apus/init"
    /// An app reports every two seconds; a machine busy with an update may be late.
    static let patience: Int64 = 30 * nanosecondsPerSecond

    let descriptor: Int32

    init(path: String = Self.path) {
        mkdir("/run/apus", 0o755)
        descriptor = socket(
            AF_UNIX,
            Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { bytes in
            bytes.copyBytes(from: path.utf8.prefix(bytes.count - 1))
        }
        unlink(path)
        withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    /// The next report that has arrived, nil when there is none. Anything else is passed over.
    func next() -> Report? {
        var buffer = [UInt8](repeating: 0, count: 64)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count >= 0 else { return nil }
            switch String(decoding: buffer[..<count], as: UTF8.self) {
            case "starting": return .starting
            case "healthy": return .healthy
            default: continue
            }
        }
    }
}
