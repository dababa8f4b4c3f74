import Testing

@testable import Supervision

@Suite(.timeLimit(.minutes(10)))
struct MailboxTests {
    @Test func deliversInOrderAndInBatches() async throws {
        let mailbox = Mailbox<Int>(capacity: 10, overflow: .suspendSender)
        for number in 1...7 { try await mailbox.send(number) }
        #expect(try await mailbox.receive(upTo: 3) == [1, 2, 3])
        #expect(try await mailbox.receive() == [4, 5, 6, 7])
        #expect(mailbox.statistics == MailboxStatistics(depth: 0, highWaterMark: 7))
    }

    @Test func dropsTheOldest() async throws {
        let mailbox = Mailbox<Int>(capacity: 3, overflow: .dropOldest)
        for number in 1...10 { #expect(mailbox.offer(number)) }
        #expect(mailbox.statistics == MailboxStatistics(depth: 3, highWaterMark: 3, dropped: 7))
        #expect(try await mailbox.receive() == [8, 9, 10])
    }

    @Test func dropsTheNewest() async throws {
        let mailbox = Mailbox<Int>(capacity: 3, overflow: .dropNewest)
        for number in 1...10 { try await mailbox.send(number) }
        #expect(mailbox.statistics == MailboxStatistics(depth: 3, highWaterMark: 3, dropped: 7))
        #expect(try await mailbox.receive() == [1, 2, 3])
    }

    @Test func offerRefusesWhereASenderWouldHaveToWait() {
        let mailbox = Mailbox<Int>(capacity: 1, overflow: .suspendSender)
        #expect(mailbox.offer(1))
        #expect(!mailbox.offer(2))
        #expect(mailbox.statistics == MailboxStatistics(depth: 1, highWaterMark: 1))
    }

    @Test func suspendsSendersAndServesThemInOrder() async throws {
        let mailbox = Mailbox<Int>(capacity: 2, overflow: .suspendSender)
        let sender = Task {
            for number in 1...1000 { try await mailbox.send(number) }
        }
        var received: [Int] = []
        while received.count < 1000 { received += try await mailbox.receive(upTo: 1) }
        try await sender.value
        #expect(received == Array(1...1000))
        #expect(mailbox.statistics == MailboxStatistics(depth: 0, highWaterMark: 2))
    }

    @Test func aCancelledSenderDeliversNothing() async throws {
        let mailbox = Mailbox<Int>(capacity: 1, overflow: .suspendSender)
        try await mailbox.send(1)
        let sender = Task { try await mailbox.send(2) }
        sender.cancel()
        await #expect(throws: CancellationError.self) { try await sender.value }
        #expect(try await mailbox.receive() == [1])
        try await mailbox.send(3)
        #expect(try await mailbox.receive() == [3])
    }

    @Test func aCancelledReceiverTakesNothingAndTheNextGoesOn() async throws {
        let mailbox = Mailbox<Int>(capacity: 8, overflow: .suspendSender)
        for round in 0..<200 {
            let receiver = Task { try await mailbox.receive() }
            if round % 2 == 0 { await Task.yield() }
            let sender = Task { try await mailbox.send(round) }
            receiver.cancel()
            try await sender.value
            // Whoever came first, the element reaches exactly one receiver.
            switch await receiver.result {
            case .success(let elements): #expect(elements == [round])
            case .failure(let error):
                #expect(error is CancellationError)
                #expect(try await mailbox.receive() == [round])
            }
        }
        #expect(mailbox.statistics.depth == 0)
    }

    @Test func aCancelledReceiverStillGetsWhatWaits() async throws {
        let mailbox = Mailbox<Int>(capacity: 8, overflow: .suspendSender)
        try await mailbox.send(1)
        let gate = Gate()
        let receiver = Task {
            await gate.pass()
            let rest = try await mailbox.receive()
            await #expect(throws: CancellationError.self) { try await mailbox.receive() }
            return rest
        }
        receiver.cancel()
        gate.open()
        #expect(try await receiver.value == [1])
    }

    @Test func everyElementReachesExactlyOneOfSeveralReceivers() async throws {
        let mailbox = Mailbox<Int>(capacity: 3, overflow: .suspendSender)
        let total = 4 * 500
        let received = try await withThrowingTaskGroup(of: [Int].self) { group in
            for sender in 0..<4 {
                group.addTask {
                    for number in 0..<500 { try await mailbox.send(sender * 500 + number) }
                    return []
                }
            }
            for _ in 0..<3 {
                group.addTask {
                    var mine: [Int] = []
                    while true {
                        let batch = try await mailbox.receive(upTo: 2)
                        if batch.contains(-1) { return mine + batch.filter { $0 >= 0 } }
                        mine += batch
                    }
                }
            }
            var all: [Int] = []
            var finished = 0
            while let some = try await group.next() {
                all += some
                finished += 1
                // All senders are through once 4 tasks have returned nothing: then end the receivers, one mark each.
                if finished == 4 { for _ in 0..<6 { try await mailbox.send(-1) } }
            }
            return all
        }
        #expect(received.sorted() == Array(0..<total))
    }

    @Test func aSenderThatFindsRoomWakesAReceiverThatWaits() async throws {
        // One round shows it only when the second sender waits before the first receiver has run.
        for _ in 0..<300 {
            let mailbox = Mailbox<Int>(capacity: 1, overflow: .suspendSender)
            async let first = mailbox.receive(upTo: 1)
            async let second = mailbox.receive(upTo: 1)
            async let one: Void = mailbox.send(1)
            async let two: Void = mailbox.send(2)
            #expect(try await (first + second).sorted() == [1, 2])
            _ = try await (one, two)
        }
    }

    @Test func aRestartedReaderGoesOnWhereTheLastStopped() async throws {
        let mailbox = Mailbox<Int>(capacity: 100, overflow: .suspendSender)
        let log = Recorder()
        let reader = ChildSpec("reader") {
            {
                while true {
                    let number = try await mailbox.receive(upTo: 1)[0]
                    log.note("\(number)")
                    if number % 10 == 0 { throw Failure("every tenth breaks it") }
                }
            }
        }
        let supervisor = try Supervisor("root", intensity: Intensity(restarts: 100), children: [reader])
        let task = Task { try await supervisor.run() }
        for number in 1...50 { try await mailbox.send(number) }
        #expect(await log.first(50) == (1...50).map { "\($0)" })
        task.cancel()
        try await task.value
    }

    @Test(arguments: [-1, 0, 1]) func holdsAtLeastOne(capacity: Int) async throws {
        let mailbox = Mailbox<Int>(capacity: capacity, overflow: .dropOldest)
        #expect(mailbox.capacity == 1)
        for number in 1...3 { try await mailbox.send(number) }
        #expect(try await mailbox.receive(upTo: capacity) == [3])
    }

    @Test func memoryIsReleasedWhenElementsLeave() async throws {
        final class Load: Sendable {}
        let mailbox = Mailbox<Load>(capacity: 4, overflow: .dropOldest)
        weak var weakLoad: Load?
        do {
            let load = Load()
            weakLoad = load
            try await mailbox.send(load)
        }
        #expect(weakLoad != nil)
        _ = try await mailbox.receive()
        #expect(weakLoad == nil)
    }
}
