import Foundation
import Sensors
import Testing

@testable import Publishing

/// A process that stores readings, killed without notice again and again.
@Suite(.timeLimit(.minutes(10)))
struct OutboxKillTests {
    @Test func whatWasToldToBeStoredIsThere() async throws {
        let place = OutboxPlace()
        // SwiftPM puts the tests and the programs they need into the same folder.
        let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
            .appendingPathComponent("OutboxWriter")
        var stored: Set<Int> = []
        var next = 0
        for _ in 0..<15 {
            let process = Process()
            process.executableURL = program
            process.arguments = [place.folder, "\(next)"]
            let pipe = Pipe()
            process.standardOutput = pipe
            process.standardInput = FileHandle.nullDevice
            try process.run()
            let lines = Lines()
            lines.follow(pipe.fileHandleForReading)
            var last = Int(try await lines.next()) ?? -1
            // At any moment of what follows.
            try await Task.sleep(for: .microseconds(Int.random(in: 0..<60_000)))
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            // What was printed is stored; a line that the kill cut off has no end and may be short.
            for line in await lines.rest() { last = max(last, Int(line) ?? -1) }
            stored.formUnion(next...last)
            // Values of batches whose end was not told are not used again.
            next = last + 1000
        }
        let fixture = try OutboxFixture(OutboxFixture.options(place.folder), transports: ["mqtt"])
        await fixture.outbox.open()
        let link = FakeLink()
        await fixture.outbox.connect(0, link)
        var received = Received()
        while await fixture.outbox.lag(0) > 0 {
            try Task.checkCancellation()
            let messages = link.take()
            for message in messages { received.take(message.content) }
            await fixture.outbox.settle(0, acknowledged: messages.map(\.number))
            await Task.yield()
        }
        let values = received.order.compactMap { received.readings[$0] }.map { reading -> Int in
            if case .number(let value) = reading.value { Int(value) } else { -1 }
        }
        #expect(values == values.sorted() && Set(values).count == values.count)
        #expect(stored.subtracting(values).isEmpty)
        #expect(!stored.isEmpty && received.gaps.allSatisfy { $0.reason == .restart })
        let first = try #require(received.order.first)
        let missing = (first..<(await fixture.outbox.status.next)).filter { !received.isAccounted($0) }
        #expect(missing.isEmpty)
    }
}
