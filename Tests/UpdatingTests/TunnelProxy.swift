import Glibc
import ScriptedServer
import Synchronization

/// A proxy on a loopback port that opens a tunnel to one port of this machine, whatever it is asked for.
final class TunnelProxy: Sendable {
    let port: Int
    private let connections = Mutex<[[UInt8]]>([])

    /// What the clients sent, one after the other.
    var seen: [[UInt8]] { connections.withLock { $0 } }

    init(to server: Int) throws {
        struct NoPort: Error {}
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        var address = sockaddr_in()
        let isListening = Self.withLoopback(&address, port: 0) {
            bind(descriptor, $0, size) == 0 && listen(descriptor, 16) == 0 && getsockname(descriptor, $0, &size) == 0
        }
        guard isListening else { throw NoPort() }
        port = Int(UInt16(bigEndian: address.sin_port))
        ScriptedServer.thread { [self] in
            while case let client = accept(descriptor, nil, nil), client >= 0 {
                ScriptedServer.thread { self.serve(client, server) }
            }
        }
    }

    private func serve(_ client: Int32, _ server: Int) {
        let index = connections.withLock {
            $0.append([])
            return $0.count - 1
        }
        guard let head = ScriptedServer.head(client) else { return }
        connections.withLock { $0[index] += Array(head.utf8) }
        let upstream = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        let isConnected = Self.withLoopback(&address, port: server) {
            connect(upstream, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
        ScriptedServer.transmit(Array("HTTP/1.1 \(isConnected ? "200 OK" : "502 No")\r\n\r\n".utf8), client)
        // Back on a thread of its own; neither is closed while the other may use it: the tests end soon.
        ScriptedServer.thread { Self.pass(from: upstream, to: client) { _ in } }
        Self.pass(from: client, to: upstream) { [self] bytes in connections.withLock { $0[index] += bytes } }
    }

    private static func pass(from source: Int32, to target: Int32, _ see: ([UInt8]) -> Void) {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = recv(source, &buffer, buffer.count, 0), count > 0 {
            see(Array(buffer[..<count]))
            ScriptedServer.transmit(Array(buffer[..<count]), target)
        }
        shutdown(target, Int32(SHUT_WR))
    }

    private static func withLoopback(
        _ address: inout sockaddr_in, port: Int, _ body: (UnsafeMutablePointer<sockaddr>) -> Bool
    ) -> Bool {
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = in_port_t(port).bigEndian
        return withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0) }
        }
    }
}
