internal import Glibc

/// A web server on a loopback port whose answers a test writes.
package final class ScriptedServer: Sendable {
    package struct Request: Sendable {
        /// Counted from 0, over all connections.
        package let number: Int
        /// How many came before on the same connection.
        package let position: Int
        /// The whole head.
        package let text: String
        /// What `Content-Length` announces.
        package let body: [UInt8]

        /// The bytes asked for; nil without `Range`.
        package var range: (lower: Int, upper: Int?)? {
            guard let start = text.firstRange(of: "Range: bytes=")?.upperBound else { return nil }
            let parts = text[start...].prefix { $0 != "\r\n" }.split(separator: "-", omittingEmptySubsequences: false)
            return Int(parts[0]).map { ($0, Int(parts[1]).map { $0 + 1 }) }
        }
    }

    package enum Reply: Sendable {
        /// And goes on with the connection.
        case keep([UInt8])
        /// And closes.
        case close([UInt8])
        /// And then says nothing more.
        case stall([UInt8])
    }

    package let port: Int
    private let descriptor: Int32

    package init(_ handler: @escaping @Sendable (Request) -> Reply) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && listen(descriptor, 16) == 0
                    && getsockname(descriptor, $0, &size) == 0
            }
        }
        struct NoPort: Error {}
        guard isListening else { throw NoPort() }
        port = Int(UInt16(bigEndian: address.sin_port))
        self.descriptor = descriptor
        let counter = Counter()
        Self.thread {
            while case let connection = accept(descriptor, nil, nil), connection >= 0 {
                Self.thread { Self.serve(connection, counter, handler) }
            }
        }
    }

    /// Frees the port. Otherwise the server stays to the end of the tests: its last use is not that of its port.
    package func stop() {
        // Not closed: the accepting thread may still be about to use the number, which then would be another socket's.
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    private final class Counter: @unchecked Sendable {  // Guarded by its mutex.
        private var count = 0
        private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

        init() { pthread_mutex_init(mutex, nil) }

        func next() -> Int {
            pthread_mutex_lock(mutex)
            defer { pthread_mutex_unlock(mutex) }
            count += 1
            return count - 1
        }
    }

    private static func serve(_ connection: Int32, _ counter: Counter, _ handler: (Request) -> Reply) {
        defer { close(connection) }
        var position = 0
        while let text = head(connection) {
            defer { position += 1 }
            let request = Request(
                number: counter.next(), position: position, text: text, body: body(connection, text))
            switch handler(request) {
            case .keep(let bytes): transmit(bytes, connection)
            case .close(let bytes):
                transmit(bytes, connection)
                shutdown(connection, Int32(SHUT_WR))
                return drain(connection)
            case .stall(let bytes):
                transmit(bytes, connection)
                return drain(connection)
            }
        }
    }

    /// Until the client closes; an earlier close would be a reset, which overtakes what was sent.
    private static func drain(_ connection: Int32) {
        var buffer = [UInt8](repeating: 0, count: 1024)
        while recv(connection, &buffer, buffer.count, 0) > 0 {}
    }

    package static func transmit(_ bytes: [UInt8], _ connection: Int32) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                send(connection, $0.baseAddress.map { $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            sent += count
        }
    }

    package static func head(_ connection: Int32) -> String? {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while !bytes.suffix(4).elementsEqual([13, 10, 13, 10]) {
            guard recv(connection, &byte, 1, 0) == 1 else { return nil }
            bytes.append(byte)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func body(_ connection: Int32, _ head: String) -> [UInt8] {
        guard let start = head.firstRange(of: "Content-Length: ")?.upperBound,
            var left = Int(head[start...].prefix { $0.isNumber })
        else { return [] }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while left > 0, case let count = recv(connection, &buffer, min(left, buffer.count), 0), count > 0 {
            bytes += buffer[..<count]
            left -= count
        }
        return bytes
    }

    package static func thread(_ body: @escaping @Sendable () -> Void) {
        final class Box: Sendable {
            let body: @Sendable () -> Void
            init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        }
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { argument in
                if let argument { Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body() }
                return nil
            }, Unmanaged.passRetained(Box(body)).toOpaque())
        pthread_detach(thread)
    }
}

extension ScriptedServer.Reply {
    package static func answer(_ status: String, _ fields: [String] = [], body: [UInt8] = []) -> [UInt8] {
        let head = ["HTTP/1.1 \(status)", "Content-Length: \(body.count)"] + fields
        return Array((head.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body
    }

    /// What a plain web server does with a file.
    package static func file(_ content: [UInt8], tag: String = "\"1\"", _ request: ScriptedServer.Request) -> [UInt8] {
        guard let range = request.range,
            !request.text.contains("If-Range:") || request.text.contains("If-Range: \(tag)")
        else { return answer("200 OK", ["ETag: \(tag)"], body: content) }
        guard range.lower < content.count else {
            return answer("416 Range Not Satisfiable", ["Content-Range: bytes */\(content.count)"])
        }
        let upper = min(range.upper ?? content.count, content.count)
        return answer(
            "206 Partial Content",
            ["Content-Range: bytes \(range.lower)-\(upper - 1)/\(content.count)", "ETag: \(tag)"],
            body: Array(content[range.lower..<upper]))
    }
}
