import Foundation
import Sensors
import Supervision
import Testing

@testable import Publishing

/// Readings to a file and to the standard output.
@Suite(.timeLimit(.minutes(5)))
struct FileTransportTests {
    /// A folder that is gone with the test.
    private final class Folder: Sendable {
        let path = "/tmp/apus-file-\(UInt64.random(in: .min ... .max))"

        init(isThere: Bool = true) throws { if isThere { try make() } }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        func make() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }

        func lines(_ name: String) throws -> [String] {
            let text = try String(contentsOfFile: "\(path)/\(name)", encoding: .utf8)
            // The last line has its end, too.
            #expect(text.hasSuffix("\n"))
            return text.dropLast().split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        }
    }

    private func link(_ folder: Folder, size: Int = 1 << 20) async throws -> SerialLink {
        var options = FileOptions("\(folder.path)/readings")
        options.size = size
        let fixed = options
        return try await SerialLink { FileReceiver(fixed, device: "device-1") }
    }

    private func numbers(_ lines: [String]) throws -> [Int64] {
        try lines.flatMap { try ResolvedRecord.resolve($0).map(\.sequence) }
    }

    @Test func appendsAPackOnEachLine() async throws {
        let folder = try Folder()
        let link = try await link(folder)
        try await link.accept(300)
        try await link.drain()
        #expect(try folder.lines("readings").count == 2)
        try await link.accept(1)
        try await link.drain()
        #expect(try numbers(folder.lines("readings")) == Array(1...301))
        #expect(try await link.console.next() == "delivers to \(folder.path)/readings")
    }

    @Test func beginsANewLineBehindOneCutShort() async throws {
        let folder = try Folder()
        try Data("[]\n[{\"bn\":\"dev".utf8).write(to: URL(fileURLWithPath: "\(folder.path)/readings"))
        let link = try await link(folder)
        try await link.accept(2)
        try await link.drain()
        let lines = try folder.lines("readings")
        #expect(lines.prefix(2) == ["[]", "[{\"bn\":\"dev"])
        #expect(try numbers(Array(lines.dropFirst(2))) == [1, 2])
    }

    /// As those do who collect it.
    @Test(arguments: [true, false]) func goesOnInANewFileWhenItIsTakenAway(isMoved: Bool) async throws {
        let folder = try Folder()
        let link = try await link(folder)
        try await link.accept(1)
        try await link.drain()
        let place = "\(folder.path)/readings"
        if isMoved {
            try FileManager.default.moveItem(atPath: place, toPath: "\(folder.path)/taken")
        } else {
            try FileManager.default.removeItem(atPath: place)
        }
        try await link.accept(2)
        try await link.drain()
        if isMoved { #expect(try numbers(folder.lines("taken")) == [1]) }
        #expect(try numbers(folder.lines("readings")) == [2, 3])
    }

    @Test func keepsOneOlderFile() async throws {
        let folder = try Folder()
        let link = try await link(folder, size: 2000)
        for _ in 0..<100 {
            try await link.accept(1)
            try await link.drain()
        }
        let (old, new) = (try folder.lines("readings.1"), try folder.lines("readings"))
        let seen = try numbers(old + new)
        #expect(seen.last == 100)
        #expect(seen == Array((seen.first ?? 0)...100))
        for name in ["readings.1", "readings"] {
            let size = try FileManager.default.attributesOfItem(atPath: "\(folder.path)/\(name)")[.size] as? Int
            #expect((1...2000).contains(size ?? 0))
        }
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["readings", "readings.1"])
    }

    @Test func waitsForItsFolder() async throws {
        let folder = try Folder(isThere: false)
        let link = try await link(folder)
        try await link.accept(2)
        #expect(
            try await link.console.next() == "cannot open \(folder.path)/readings: No such file or directory")
        try folder.make()
        try await link.drain()
        #expect(try numbers(folder.lines("readings")) == [1, 2])
        #expect(try await link.console.next() == "delivers to \(folder.path)/readings")
    }

    /// A device that takes no byte, as a full disk does.
    @Test(arguments: [("/dev/full", "it is no regular file"), ("/tmp", "Is a directory")])
    func refusesWhatIsNoFile(path: String, reason: String) async throws {
        let link = try await SerialLink { FileReceiver(FileOptions(path), device: "device-1") }
        try await link.accept(1)
        #expect(try await link.console.next().hasSuffix(reason))
        #expect(await link.status.depth == 1)
    }

    @Test func writesToTheStandardOutput() async throws {
        let pipe = Pipe()
        let descriptor = pipe.fileHandleForWriting.fileDescriptor
        let link = try await SerialLink { OutputReceiver(device: "device-1", descriptor: descriptor) }
        let lines = Lines()
        lines.follow(pipe.fileHandleForReading)
        try await link.accept(3)
        try await link.drain()
        #expect(try await numbers([lines.next()]) == [1, 2, 3])
    }

    @Test func namesOfDestinationsStay() {
        #expect(
            Destination.names([.standardOutput, .mqtt("a"), .file("b"), .https("c"), .mqtt("d")])
                == ["stdout", "mqtt", "file", "https", "mqtt-2"])
    }

    @Test func refusesOptions() {
        #expect(throws: FileOptions.Problem.self) { try FileOptions("").check() }
        var options = FileOptions("a")
        options.size = 65_535
        #expect(throws: FileOptions.Problem.self) { try options.check() }
    }

    /// Two at once behind one publisher, as an app has them.
    @Test func aPublisherDeliversToAll() async throws {
        let folder = try Folder()
        let console = Lines()
        let publisher = Publisher(
            to: [.file("\(folder.path)/a"), .file("\(folder.path)/b")], device: "device-1",
            outbox: OutboxOptions(folder: nil), overflow: .dropOldest, start: 1, report: { console.append($0) },
            configure: { _ in })
        var child = publisher.childSpec
        child.shutdown = .unlimited
        let supervisor = try Supervisor("test", children: [child]) { _ in }
        let task = Task { try await supervisor.run() }
        for index in 0..<500 {
            try await publisher.mailbox.send(
                Reading(
                    sensor: "probe", quantity: .temperature, value: .number(Double(index)), wallTime: nil,
                    monotonicTime: 0, bootID: "test-boot", sequence: 0))
        }
        try await console.next(containing: "first reading acknowledged")
        task.cancel()
        try await task.value
        for name in ["a", "b"] { #expect(try numbers(folder.lines(name)) == Array(1...500)) }
    }
}
