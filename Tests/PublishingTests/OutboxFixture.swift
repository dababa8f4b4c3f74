import Foundation
import Sensors
import Supervision

@testable import Publishing

/// A receiver that notes what comes, and acknowledges when it is told to.
final class FakeLink: OutboxLink {
    private let state: Lock<(messages: [OutboxMessage], isUp: Bool)> = Lock((messages: [], isUp: true))

    let window: Int
    var limit: Int { 64 }

    init(window: Int = 8) { self.window = window }

    func canShare(_ first: Reading, _ second: Reading) -> Bool { first.bootID == second.bootID }

    func send(_ message: OutboxMessage) -> Bool {
        state.withLock { state in
            if state.isUp { state.messages.append(message) }
            return state.isUp
        }
    }

    /// What came since the last call.
    func take() -> [OutboxMessage] {
        state.withLock { state in
            defer { state.messages = [] }
            return state.messages
        }
    }

    func fail() { state.withLock { $0.isUp = false } }
}

/// Foundation's lock with a value in it.
final class Lock<Value>: @unchecked Sendable {  // Unchecked: the value is reached under the lock only.
    private let lock = NSLock()
    private var value: Value

    init(_ value: Value) { self.value = value }

    func withLock<Result>(_ body: (inout Value) -> Result) -> Result {
        lock.lock()
        defer { lock.unlock() }
        return body(&value)
    }
}

/// An outbox whose time is the test's.
struct OutboxFixture {
    let clock = ManualClock()
    let console = Lines()
    let outbox: Outbox

    init(
        _ options: OutboxOptions, transports: [String] = ["one"], start: UInt64? = 1, boot: String = "test-boot",
        wallTime: @escaping @Sendable (UInt64) -> Int64? = { 1_700_000_000_000_000_000 + Int64(clamping: $0) }
    ) throws {
        outbox = try Outbox(
            options, transports: transports,
            clocks: Outbox.Clocks(
                timeline: Timeline(clock), monotonicTime: { 1_000_000_000 }, wallTime: wallTime, bootID: boot),
            start: start, report: console.append)
    }

    static func options(_ folder: String?, _ durability: OutboxOptions.Durability = .every) -> OutboxOptions {
        var options = OutboxOptions(folder: folder)
        options.durability = durability
        options.bytes = 8 << 20
        return options
    }

    /// The status has no event of its own; every look is a turn of the actor.
    func until(_ condition: (OutboxStatus) -> Bool) async throws {
        while await !condition(outbox.status) {
            try Task.checkCancellation()
            await Task.yield()
        }
    }
}

/// What a receiver knows: the readings by number, and the gaps.
struct Received {
    private(set) var readings: [UInt64: Reading] = [:]
    private(set) var gaps: [OutboxGap] = []
    /// The numbers of readings in the order in which each came first.
    private(set) var order: [UInt64] = []
    /// The numbers of readings that came although a gap had said that they would not.
    private(set) var broken: [UInt64] = []

    mutating func take(_ content: OutboxMessage.Content) {
        switch content {
        case .gap(let gap): gaps.append(gap)
        case .readings(let some):
            for reading in some {
                if !isAccounted(reading.sequence) {
                    order.append(reading.sequence)
                } else if readings[reading.sequence] == nil {
                    order.append(reading.sequence)
                    broken.append(reading.sequence)
                }
                readings[reading.sequence] = reading
            }
        }
    }

    func isAccounted(_ number: UInt64) -> Bool {
        readings[number] != nil || gaps.contains { $0.first <= number && number <= $0.last }
    }
}
