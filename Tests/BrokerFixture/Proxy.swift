import Foundation
import Synchronization

/// A way to a broker on a loopback port that can be made bad.
package final class Proxy: Sendable {
    /// What happens to a client that speaks MQTT 5.
    package enum Version5: Sendable {
        case passes
        /// It gets the answer of MQTT 3.1.1: an unacceptable protocol version.
        case isRefused
        /// The connection is closed without a word.
        case isDropped
    }

    package let port: Int
    private let target: Int
    private let version5: Mutex<Version5>
    private let listener: Int32
    private let portion: Mutex<(bytes: Int, rest: Int)>
    private let paused = Atomic(false)
    private let connections = Mutex<[Int32]>([])

    /// - Parameters:
    ///   - port: one of its own; nil for any.
    ///   - portion: bytes to pass at once to the broker, and milliseconds of rest after that.
    package init(
        to target: Int, at port: Int? = nil, version5: Version5 = .passes,
        portion: (bytes: Int, rest: Int) = Proxy.quick
    ) throws {
        self.target = target
        self.version5 = Mutex(version5)
        self.portion = Mutex(portion)
        self.port = try port ?? freePort()
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var one: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
        guard Self.call(bind, listener, port: self.port) == 0, listen(listener, 16) == 0 else {
            throw POSIXError(.EADDRINUSE)
        }
        Thread.detachNewThread { [weak self, listener] in
            while case let client = accept(listener, nil, nil), client >= 0 {
                guard let self else { break }
                Thread.detachNewThread { self.serve(client) }
            }
        }
    }

    /// As fast as it can.
    package static var quick: (bytes: Int, rest: Int) { (65_536, 0) }

    package func setPortion(_ portion: (bytes: Int, rest: Int)) { self.portion.withLock { $0 = portion } }

    package func setVersion5(_ version5: Version5) { self.version5.withLock { $0 = version5 } }

    /// Nothing passes any more, and nobody is told; who comes new is turned away.
    package func pause() { paused.store(true, ordering: .relaxed) }

    package func resume() { paused.store(false, ordering: .relaxed) }

    /// Ends all connections there are; new ones are taken.
    package func cut() {
        connections.withLock { all in
            for descriptor in all { shutdown(descriptor, Int32(SHUT_RDWR)) }
            all = []
        }
    }

    package func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
        cut()
    }

    private func serve(_ client: Int32) {
        let refusal: [UInt8] = [0x20, 0x02, 0x00, 0x01]
        var first = [UInt8](repeating: 0, count: 4096)
        let count = recv(client, &first, first.count, 0)
        // CONNECT: type, length, "MQTT" with its length, level.
        let version5 = version5.withLock { $0 }
        if version5 != .passes, count > 8, first[0] == 0x10 {
            let name = first.firstIndex(of: UInt8(ascii: "M")) ?? 0
            if first[name + 4] == 5 {
                if version5 == .isRefused { _ = send(client, refusal, refusal.count, Int32(MSG_NOSIGNAL)) }
                shutdown(client, Int32(SHUT_WR))
                while recv(client, &first, first.count, 0) > 0 {}
                close(client)
                return
            }
        }
        let broker = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard count > 0, !paused.load(ordering: .relaxed), Self.call(connect, broker, port: target) == 0 else {
            close(client)
            close(broker)
            return
        }
        connections.withLock { $0 += [client, broker] }
        send(broker, first, count, Int32(MSG_NOSIGNAL))
        let isBackDone = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            self.pass(from: broker, to: client) { Self.quick }
            isBackDone.signal()
        }
        pass(from: client, to: broker) { self.portion.withLock { $0 } }
        isBackDone.wait()
        // A cut after this must not meet another file of the same number.
        connections.withLock { all in all.removeAll { $0 == client || $0 == broker } }
        close(client)
        close(broker)
    }

    private func pass(from source: Int32, to destination: Int32, portion: () -> (bytes: Int, rest: Int)) {
        var buffer = [UInt8](repeating: 0, count: Self.quick.bytes)
        while case let count = recv(source, &buffer, min(portion().bytes, buffer.count), 0), count > 0 {
            while paused.load(ordering: .relaxed) { usleep(10_000) }
            if send(destination, buffer, count, Int32(MSG_NOSIGNAL)) != count { break }
            if case let rest = portion().rest, rest > 0 { usleep(UInt32(rest) * 1000) }
        }
        // An end is nothing to pass on either.
        while paused.load(ordering: .relaxed) { usleep(10_000) }
        shutdown(source, Int32(SHUT_RDWR))
        shutdown(destination, Int32(SHUT_RDWR))
    }

    private static func call(
        _ function: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32, _ descriptor: Int32, port: Int
    ) -> Int32 {
        var address = loopback(port: port)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                function(descriptor, pointer, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
