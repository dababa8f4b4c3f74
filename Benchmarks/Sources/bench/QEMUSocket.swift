import Foundation

/// One of QEMU's two control sockets: a line to it, a line from it.
final class QEMUSocket {
    private let descriptor: Int32
    private var lines: PipeLines
    private var pending: [String] = []

    init(_ path: URL) throws {
        descriptor = Foundation.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        lines = PipeLines(descriptor)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let room = MemoryLayout.size(ofValue: address.sun_path)
        guard path.path.utf8.count < room else { throw BenchError("the path \(path.path) is too long for a socket") }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.path.utf8) }
        let result = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw BenchError("\(path.path): \(String(cString: strerror(errno)))") }
    }

    deinit { close(descriptor) }

    /// Sends a line and returns the next that comes.
    func ask(_ line: String) throws -> String {
        let line = line + "\n"
        guard send(descriptor, line, line.utf8.count, Int32(MSG_NOSIGNAL)) == line.utf8.count else {
            throw BenchError("QEMU takes no commands")
        }
        return try next()
    }

    func next() throws -> String {
        while pending.isEmpty { pending = try lines.next() }
        return pending.removeFirst()
    }
}
