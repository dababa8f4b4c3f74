import Testing
import Threads

@testable import Supervision

@Suite(.timeLimit(.minutes(10)))
struct MailboxCoalescingTests {
    private struct Change: Sendable, Hashable {
        let key: String
        let value: Int

        init(_ key: String, _ value: Int) {
            self.key = key
            self.value = value
        }
    }

    private func mailbox(_ capacity: Int, _ overflow: OverflowPolicy = .suspendSender) -> Mailbox<Change> {
        Mailbox(capacity: capacity, overflow: overflow, coalescingBy: \.key)
    }

    @Test func aNewerElementTakesThePlaceOfTheOneWithItsKey() async throws {
        let mailbox = mailbox(10)
        for (value, key) in ["a", "b", "c", "b", "a", "b"].enumerated() { try await mailbox.send(Change(key, value)) }
        #expect(mailbox.statistics == MailboxStatistics(depth: 3, highWaterMark: 3, coalesced: 3))
        #expect(try await mailbox.receive() == [Change("a", 4), Change("b", 5), Change("c", 2)])
    }

    @Test func whatWasTakenIsNotReplaced() async throws {
        let mailbox = mailbox(3)
        var expected: [Change] = []
        var received: [Change] = []
        // The ring wraps round many times; b and c wait while a is taken and comes again.
        for value in 0..<100 {
            for key in ["a", "b", "c"] { try await mailbox.send(Change(key, value)) }
            let first = ["a", "b", "c"][value % 3]
            expected.append(Change(first, value))
            received += try await mailbox.receive(upTo: 1)
        }
        #expect(received == expected)
        #expect(mailbox.statistics == MailboxStatistics(depth: 2, highWaterMark: 3, coalesced: 198))
    }

    @Test func aFullMailboxStillTakesKeysItHas() async throws {
        let mailbox = mailbox(2)
        for key in ["a", "b"] { #expect(mailbox.offer(Change(key, 1))) }
        #expect(!mailbox.offer(Change("c", 1)))
        #expect(mailbox.offer(Change("b", 2)))
        #expect(try await mailbox.receive() == [Change("a", 1), Change("b", 2)])
    }

    @Test func whenFullOfOtherKeysTheOldestGoes() async throws {
        let mailbox = mailbox(2, .dropOldest)
        for key in ["a", "b", "c"] { try await mailbox.send(Change(key, 1)) }
        // a was dropped, so this one is new and drops b.
        try await mailbox.send(Change("a", 2))
        try await mailbox.send(Change("c", 2))
        #expect(mailbox.statistics == MailboxStatistics(depth: 2, highWaterMark: 2, dropped: 2, coalesced: 1))
        #expect(try await mailbox.receive() == [Change("c", 2), Change("a", 2)])
    }

    @Test func whenFullOfOtherKeysTheNewestGoes() async throws {
        let mailbox = mailbox(2, .dropNewest)
        for key in ["a", "b", "c", "a"] { try await mailbox.send(Change(key, key == "a" ? 2 : 1)) }
        #expect(mailbox.statistics == MailboxStatistics(depth: 2, highWaterMark: 2, dropped: 1, coalesced: 1))
        #expect(try await mailbox.receive() == [Change("a", 2), Change("b", 1)])
    }

    @Test func aWaitingSendersOlderStateNeverReplacesANewerOne() async throws {
        let mailbox = mailbox(1)
        try await mailbox.send(Change("a", 1))
        let first = Task { try await mailbox.send(Change("b", 1)) }
        try await mailbox.waitingSenders(1)
        let second = Task { try await mailbox.send(Change("b", 2)) }
        try await mailbox.waitingSenders(2)
        // There is room for its key, but what waits may be older and must not come after it.
        #expect(!mailbox.offer(Change("a", 2)))
        let third = Task { try await mailbox.send(Change("a", 3)) }
        try await mailbox.waitingSenders(3)
        #expect(try await mailbox.receive() == [Change("a", 1)])
        try await first.value
        try await second.value
        #expect(try await mailbox.receive() == [Change("b", 2)])
        try await third.value
        #expect(try await mailbox.receive() == [Change("a", 3)])
        #expect(mailbox.statistics == MailboxStatistics(depth: 0, highWaterMark: 1, coalesced: 1))
    }

    @Test func aBatchCoalescesWithinItself() async throws {
        let mailbox = mailbox(3)
        try await mailbox.send(contentsOf: (0..<3000).map { Change("\($0 % 3)", $0) })
        #expect(mailbox.statistics == MailboxStatistics(depth: 3, highWaterMark: 3, coalesced: 2997))
        #expect(try await mailbox.receive() == [Change("0", 2997), Change("1", 2998), Change("2", 2999)])
    }

    @Test func theKeyMayLookIntoTheMailbox() async throws {
        // It is asked for without the lock, else this would never end.
        let reference = Lock<Mailbox<Int>?>(nil)
        let mailbox = Mailbox<Int>(capacity: 2, overflow: .dropOldest) { element in
            reference.withLock { $0 }.map { $0.statistics.depth < 3 ? element : -element }
        }
        reference.withLock { $0 = mailbox }
        try await mailbox.send(contentsOf: [1, 2, 2])
        try await mailbox.send(2)
        #expect(try await mailbox.receive() == [1, 2])
        reference.withLock { $0 = nil }
    }

    @Test func replacedElementsAreReleased() async throws {
        final class Load: Sendable {}
        let mailbox = Mailbox<Load>(capacity: 4, overflow: .suspendSender) { _ in 0 }
        weak var weakLoad: Load?
        do {
            let load = Load()
            weakLoad = load
            try await mailbox.send(load)
        }
        #expect(weakLoad != nil)
        try await mailbox.send(Load())
        #expect(weakLoad == nil)
    }
}
