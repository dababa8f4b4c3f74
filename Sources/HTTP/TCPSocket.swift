internal import Glibc
internal import Threads

/// A TCP connection, made and used with deadlines. Used by one thread at a time.
final class TCPSocket {
    let descriptor: Int32
    /// As messages name it.
    let name: String

    /// Connects to the first address of a host that answers.
    ///
    /// - Parameter limit: to find the addresses, and to connect to each of them.
    init(
        host: String, port: Int, name: String, resolver: Resolver, limit: Duration
    ) throws(HTTPError) {
        self.name = name
        var failure = HTTPError.unreachable(name, reason: "it has no address")
        for address in try resolver.addresses(of: host, port: port, limit: limit) {
            switch Self.connect(to: address, limit: limit) {
            case .success(let descriptor):
                self.descriptor = descriptor
                return
            case .failure(let error):
                failure =
                    error.code == ETIMEDOUT
                    ? .timedOut(name, step: "connect") : .unreachable(name, reason: systemMessage(error.code))
            }
        }
        throw failure
    }

    deinit { close(descriptor) }

    private struct ConnectError: Error {
        let code: Int32
    }

    private static func connect(to address: Resolver.Address, limit: Duration) -> Result<Int32, ConnectError> {
        let descriptor = socket(
            address.family, address.type | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue),
            address.transport)
        guard descriptor >= 0 else { return .failure(ConnectError(code: errno)) }
        var code: Int32 = 0
        let result = address.bytes.withUnsafeBytes { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) {
                Glibc.connect(descriptor, $0.baseAddress, socklen_t(bytes.count))
            }
        }
        if result != 0 {
            code = errno
            if code == EINPROGRESS {
                guard wait(descriptor, for: POLLOUT, until: Deadline(after: limit)) else {
                    close(descriptor)
                    return .failure(ConnectError(code: ETIMEDOUT))
                }
                var size = socklen_t(MemoryLayout<Int32>.size)
                getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
            }
        }
        guard code == 0 else {
            close(descriptor)
            return .failure(ConnectError(code: code))
        }
        // Requests go out whole; waiting for more to send would only delay them.
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        return .success(descriptor)
    }

    /// Whether the descriptor is ready, or has failed, before the deadline.
    func wait(for events: Int32, until deadline: Deadline) -> Bool {
        Self.wait(descriptor, for: events, until: deadline)
    }

    private static func wait(_ descriptor: Int32, for events: Int32, until deadline: Deadline) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        while true {
            let result = poll(&entry, 1, deadline.millisecondsLeft)
            if result > 0 { return true }
            if result == 0 || errno != EINTR { return false }
        }
    }
}
