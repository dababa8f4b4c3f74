import BrokerFixture
import Foundation

/// Something else than a broker that listens on a loopback port.
final class OddServer: Sendable {
    let port: Int
    private let descriptor: Int32
    private let answer: [UInt8]?

    /// - Parameter answer: sent to everyone who connects; nil sends nothing. Afterwards the connection is closed, except
    ///   after nothing.
    init(answering answer: [UInt8]?) throws {
        self.answer = answer
        port = try freePort()
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var one: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
        var address = loopback(port: port)
        let isBound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(descriptor, pointer, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isBound, listen(descriptor, 16) == 0 else { throw POSIXError(.EADDRINUSE) }
        Thread.detachNewThread { [descriptor] in
            var silent: [Int32] = []
            while case let connection = accept(descriptor, nil, nil), connection >= 0 {
                guard let answer else {
                    silent.append(connection)
                    continue
                }
                _ = send(connection, answer, answer.count, Int32(MSG_NOSIGNAL))
                // An orderly end, or what was not read would turn the close into a reset.
                shutdown(connection, Int32(SHUT_WR))
                var buffer = [UInt8](repeating: 0, count: 1024)
                while recv(connection, &buffer, buffer.count, 0) > 0 {}
                close(connection)
            }
            for connection in silent { close(connection) }
        }
    }

    /// Frees the port.
    func stop() {
        shutdown(descriptor, Int32(SHUT_RDWR))
        close(descriptor)
    }
}
