internal import Glibc
internal import Threads

/// A connection to a web server or proxy, plain or with TLS, with what was received and not yet used.
final class HTTPConnection {
    private let socket: TCPSocket
    private var tls: TLSStream?
    private var buffer: [UInt8]
    /// Where in the buffer the unused bytes lie.
    private var unused = 0..<0

    /// As messages name it.
    var name: String { socket.name }

    init(_ socket: TCPSocket) {
        self.socket = socket
        // A TLS record holds as much at most (RFC 8446, section 5.1), and so does a header.
        buffer = [UInt8](repeating: 0, count: ResponseHead.maximumSize)
    }

    /// Goes on with TLS. What came before must have been used up.
    func startTLS(_ parameters: any TLSParameters, host: String, limit: Duration) throws(HTTPError) {
        guard unused.isEmpty else { throw .malformed(name, reason: "it talks before TLS begins") }
        tls = try TLSStream(
            parameters, over: socket, host: parameters.serverName ?? host, until: Deadline(after: limit))
    }

    func write(_ bytes: [UInt8], until deadline: Deadline) throws(HTTPError) {
        if let tls { return try tls.write(bytes, until: deadline) }
        var sent = 0
        while sent < bytes.count {
            let result = bytes.withUnsafeBytes { buffer in
                send(
                    socket.descriptor, buffer.baseAddress.map { $0 + sent }, bytes.count - sent,
                    Int32(MSG_NOSIGNAL))
            }
            if result >= 0 {
                sent += result
            } else if errno == EAGAIN {
                guard socket.wait(for: POLLOUT, until: deadline) else {
                    throw .timedOut(name, step: "take the request")
                }
            } else if errno != EINTR {
                throw .cutOff(name)
            }
        }
    }

    /// Up to `count` bytes, at least one; empty only when the other end has closed.
    func read(atMost count: Int, until deadline: Deadline) throws(HTTPError) -> [UInt8] {
        if unused.isEmpty { try fill(until: deadline) }
        let taken = buffer[unused].prefix(count)
        unused.removeFirst(taken.count)
        return Array(taken)
    }

    /// All up to an end mark, which is left out.
    ///
    /// - Parameter limit: bytes, at most ``ResponseHead/maximumSize``.
    /// - Returns: nil when the other end has closed before a first byte.
    func read(through mark: [UInt8], limit: Int, what: String, until deadline: Deadline) throws(HTTPError) -> [UInt8]? {
        var bytes: [UInt8] = []
        while true {
            if unused.isEmpty {
                try fill(until: deadline)
                if unused.isEmpty {
                    if bytes.isEmpty { return nil }
                    throw .cutOff(name)
                }
            }
            bytes.append(buffer[unused.lowerBound])
            unused.removeFirst()
            if bytes.last == mark.last, bytes.suffix(mark.count).elementsEqual(mark) {
                return Array(bytes.dropLast(mark.count))
            }
            guard bytes.count < limit else { throw .malformed(name, reason: "\(what) is longer than \(limit) bytes") }
        }
    }

    /// Receives what there is, at least one byte unless the other end has closed.
    private func fill(until deadline: Deadline) throws(HTTPError) {
        let count: Int
        if let tls {
            count = try withBuffer { (buffer) throws(HTTPError) in try tls.read(into: buffer, until: deadline) }
        } else {
            count = try receive(until: deadline)
        }
        unused = 0..<count
    }

    private func receive(until deadline: Deadline) throws(HTTPError) -> Int {
        while true {
            let result = buffer.withUnsafeMutableBytes { recv(socket.descriptor, $0.baseAddress, $0.count, 0) }
            if result >= 0 { return result }
            if errno == EAGAIN {
                guard socket.wait(for: POLLIN, until: deadline) else { throw .timedOut(name, step: "send") }
            } else if errno != EINTR {
                throw .cutOff(name)
            }
        }
    }

    private func withBuffer(
        _ body: (UnsafeMutableRawBufferPointer) throws(HTTPError) -> Int
    ) throws(HTTPError) -> Int {
        let result: Result<Int, HTTPError> = buffer.withUnsafeMutableBytes { bytes in
            do throws(HTTPError) { return .success(try body(bytes)) } catch { return .failure(error) }
        }
        return try result.get()
    }
}
