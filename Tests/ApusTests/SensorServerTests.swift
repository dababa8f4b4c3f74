import Foundation
import Monitoring
import Synchronization
import Testing

@testable import Apus

/// The socket that `apus sensors` asks, with clients of all sorts.
@Suite(.timeLimit(.minutes(10)))
struct SensorServerTests {
    /// A folder for a socket, gone with its owner.
    private final class Place: Sendable {
        let folder: URL
        var path: String { folder.appendingPathComponent("sensors").path }

        init() throws {
            folder = URL(fileURLWithPath: "/tmp/apus-sensors-\(UUID().uuidString.prefix(8))")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        }

        deinit { try? FileManager.default.removeItem(at: folder) }
    }

    /// Lines that are numbered from 1.
    private final class Numbers: Sendable {
        private let last = Atomic(0)
        var count: Int { last.load(ordering: .sequentiallyConsistent) }

        func next() -> [UInt8] {
            Array("\(last.add(1, ordering: .sequentiallyConsistent).newValue)\n".utf8)
        }
    }

    private static let quick = SensorServer.Limits(clients: 2, interval: .milliseconds(10), writing: .milliseconds(100))

    /// Runs what blocks on a thread of its own.
    private func blocking<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
        }
    }

    /// The numbers of the next lines.
    private func read(_ count: Int, from path: String) async throws -> [Int] {
        try await blocking {
            let stream = try SensorStream(path: path)
            return try (0..<count).map { _ in
                Int(String(decoding: try #require(try stream.nextLine(within: 300)), as: UTF8.self)) ?? -1
            }
        }
    }

    @Test func aClientGetsALineAtOnceAndThenOthers() async throws {
        let place = try Place()
        let numbers = Numbers()
        let server = try SensorServer(path: place.path, limits: Self.quick) { numbers.next() }
        defer { server.stop() }
        #expect(numbers.count == 0)
        let first = try await read(3, from: place.path)
        #expect(first == [1, 2, 3])
        // A later client sees what is made for it, not what was left over.
        let second = try await read(2, from: place.path)
        #expect(second[0] > 3 && second[1] == second[0] + 1)
    }

    @Test func theFirstLineComesLongBeforeTheInterval() async throws {
        let place = try Place()
        let server = try SensorServer(path: place.path, limits: .init(interval: .seconds(3600))) { Array("1\n".utf8) }
        defer { server.stop() }
        for _ in 1...3 { #expect(try await read(1, from: place.path) == [1]) }
    }

    @Test func oneTooManyIsHungUpOnAndTheOthersGoOn() async throws {
        let place = try Place()
        let server = try SensorServer(path: place.path, limits: Self.quick) { Array("1\n".utf8) }
        defer { server.stop() }
        try await blocking {
            let streams = [try SensorStream(path: place.path), try SensorStream(path: place.path)]
            for stream in streams { #expect(try stream.nextLine(within: 300) != nil) }
            for _ in 1...20 { #expect(try SensorStream(path: place.path).nextLine(within: 300) == nil) }
            for stream in streams { #expect(try stream.nextLine(within: 300) != nil) }
        }
        // Their places are free again.
        while (try? await read(1, from: place.path)) == nil {}
    }

    @Test func whoDoesNotReadIsHungUpOnAndTheOthersGetTheirLines() async throws {
        let place = try Place()
        let numbers = Numbers()
        // The first line is more than a socket has room for, the others never wait for their readers.
        let server = try SensorServer(path: place.path, limits: Self.quick) {
            let line = numbers.next()
            return numbers.count == 1 ? [UInt8](repeating: UInt8(ascii: "1"), count: 2_000_000) + line : line
        }
        defer { server.stop() }
        try await blocking {
            let slow = try Self.connect(place.path)
            defer { close(slow) }
            var entry = pollfd(fd: slow, events: Int16(POLLIN), revents: 0)
            #expect(poll(&entry, 1, 300_000) == 1)
            let quick = try SensorStream(path: place.path)
            for _ in 1...3 { #expect(try quick.nextLine(within: 300) != nil) }
            // Told without being read.
            entry.events = 0
            #expect(poll(&entry, 1, 300_000) == 1)
            #expect(Int32(entry.revents) & POLLHUP != 0)
            for _ in 1...3 { #expect(try quick.nextLine(within: 300) != nil) }
        }
    }

    @Test func whatClientsSayHarmsNobody() async throws {
        let place = try Place()
        let server = try SensorServer(path: place.path, limits: .init(clients: 8, interval: .milliseconds(10))) {
            Array("1\n".utf8)
        }
        defer { server.stop() }
        try await blocking {
            let talker = try Self.connect(place.path)
            defer { close(talker) }
            let noise = [UInt8](repeating: 0xFF, count: 1 << 20)
            #expect(send(talker, noise, noise.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)) > 0)
            // Half closed, either way.
            let mute = try Self.connect(place.path)
            defer { close(mute) }
            shutdown(mute, Int32(SHUT_WR))
            let deaf = try Self.connect(place.path)
            defer { close(deaf) }
            shutdown(deaf, Int32(SHUT_RD))
            for _ in 1...50 { close(try Self.connect(place.path)) }
            var byte: UInt8 = 0
            #expect(recv(mute, &byte, 1, 0) == 1)
            #expect(recv(talker, &byte, 1, 0) == 1)
        }
        while (try? await read(3, from: place.path)) == nil {}
    }

    @Test func onlyItsUserMayConnectAndStoppingTakesItAway() throws {
        let place = try Place()
        var status = stat()
        // One of an earlier process is replaced.
        for _ in 1...2 {
            let server = try SensorServer(path: place.path) { [] }
            #expect(lstat(place.path, &status) == 0 && status.st_mode & 0o777 == 0o600)
            server.stop()
            #expect(lstat(place.path, &status) != 0)
        }
        let abandoned = try SensorServer(path: place.path) { [] }
        defer { abandoned.stop() }
        let next = try SensorServer(path: place.path) { [] }
        next.stop()
    }

    @Test func aPathThatCannotBeIsAnErrorInWords() throws {
        let place = try Place()
        func reason(_ path: String) -> String? {
            do {
                try SensorServer(path: path) { [] }.stop()
                return nil
            } catch {
                return "\(error)"
            }
        }
        #expect(reason("\(place.path)/no/folder")?.contains("No such file or directory") == true)
        #expect(reason("/tmp/" + String(repeating: "x", count: 103))?.contains("longer than 107 bytes") == true)
        try "precious".write(toFile: place.path, atomically: true, encoding: .utf8)
        #expect(reason(place.path)?.contains("in use") == true)
        #expect(try String(contentsOfFile: place.path, encoding: .utf8) == "precious")
    }

    @Test func withoutAnAppTheCommandSaysSo() throws {
        let place = try Place()
        func reason(_ path: String) -> String? {
            do throws(SensorStreamError) {
                _ = try SensorStream(path: path)
                return nil
            } catch {
                return "\(error)"
            }
        }
        #expect(reason(place.path) == "no sensors can be shown from \(place.path): the app does not run")
        #expect(reason("/" + String(repeating: "x", count: 200))?.contains("107 bytes") == true)
    }

    /// Not a `SensorStream`, which reads.
    private static func connect(_ path: String) throws -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(result == 0)
        return descriptor
    }
}
