import Testing
import Threads

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

    // MARK: - Batches

    @Test func aBatchGoesInAsThereIsRoomAndKeepsItsOrder() async throws {
        let mailbox = Mailbox<Int>(capacity: 7, overflow: .suspendSender)
        let sender = Task { try await mailbox.send(contentsOf: 1...1000) }
        try await mailbox.waitingSenders(1)
        #expect(mailbox.statistics == MailboxStatistics(depth: 7, highWaterMark: 7, waitingSenders: 1))
        // Whoever comes later goes in later, though he needs less room.
        let other = Task { try await mailbox.send(1001) }
        try await mailbox.waitingSenders(2)
        var received: [Int] = []
        while received.count < 1001 { received += try await mailbox.receive(upTo: 3) }
        #expect(received == Array(1...1001))
        try await sender.value
        try await other.value
        #expect(mailbox.statistics == MailboxStatistics(depth: 0, highWaterMark: 7))
    }

    @Test func aCancelledBatchIsDeliveredInPart() async throws {
        let mailbox = Mailbox<Int>(capacity: 3, overflow: .suspendSender)
        let sender = Task { try await mailbox.send(contentsOf: 1...10) }
        try await mailbox.waitingSenders(1)
        #expect(try await mailbox.receive(upTo: 2) == [1, 2])
        sender.cancel()
        await #expect(throws: CancellationError.self) { try await sender.value }
        #expect(mailbox.statistics.waitingSenders == 0)
        #expect(try await mailbox.receive() == [3, 4, 5])
        #expect(mailbox.statistics.depth == 0)
    }

    @Test func aBatchFollowsTheDroppingPolicies() async throws {
        let oldest = Mailbox<Int>(capacity: 3, overflow: .dropOldest)
        try await oldest.send(contentsOf: 1...10)
        #expect(oldest.statistics == MailboxStatistics(depth: 3, highWaterMark: 3, dropped: 7))
        #expect(try await oldest.receive() == [8, 9, 10])
        let newest = Mailbox<Int>(capacity: 3, overflow: .dropNewest)
        try await newest.send(contentsOf: 1...10)
        #expect(newest.statistics == MailboxStatistics(depth: 3, highWaterMark: 3, dropped: 7))
        #expect(try await newest.receive() == [1, 2, 3])
    }

    @Test func anEmptyBatchNeverWaits() async throws {
        let mailbox = Mailbox<Int>(capacity: 1, overflow: .suspendSender)
        try await mailbox.send(1)
        try await mailbox.send(contentsOf: [])
        #expect(mailbox.statistics == MailboxStatistics(depth: 1, highWaterMark: 1))
    }

    @Test func aBatchWakesAsManyReceiversAsItHasElements() async throws {
        for _ in 0..<100 {
            let mailbox = Mailbox<Int>(capacity: 8, overflow: .suspendSender)
            let receivers = (0..<3).map { _ in Task { try await mailbox.receive(upTo: 1) } }
            await Task.yield()
            try await mailbox.send(contentsOf: [1, 2, 3])
            var received: [Int] = []
            for receiver in receivers { received += try await receiver.value }
            #expect(received.sorted() == [1, 2, 3])
        }
    }

    // MARK: - Many at once

    @Test func anyOfThousandsOfWaitingSendersCanBeCancelled() async throws {
        let mailbox = Mailbox<Int>(capacity: 1, overflow: .suspendSender)
        try await mailbox.send(-1)
        let count = 20_000
        var senders: [Task<Void, any Error>] = []
        for number in 0..<count { senders.append(Task { try await mailbox.send(number) }) }
        try await mailbox.waitingSenders(count)
        // From the middle, the end and the beginning of the line.
        for number in (0..<count).reversed() where number % 2 == 1 { senders[number].cancel() }
        for number in 0..<count where number % 2 == 1 {
            await #expect(throws: CancellationError.self) { try await senders[number].value }
        }
        #expect(mailbox.statistics.waitingSenders == count / 2)
        var received: [Int] = []
        while received.count <= count / 2 { received += try await mailbox.receive() }
        #expect(received.sorted() == [-1] + (0..<count / 2).map { $0 * 2 })
        for number in 0..<count where number % 2 == 0 { try await senders[number].value }
        #expect(mailbox.statistics == MailboxStatistics(depth: 0, highWaterMark: 1))
    }

    @Test(arguments: [1, 2, 64, 4096]) func whoeverIsCancelledWheneverNothingIsLostOrDoubled(capacity: Int) async throws
    {
        struct Mark: Hashable, Sendable {
            let sender: Int
            let number: Int
        }
        let (senders, receivers, perSender) = (40, 8, 200)
        let mailbox = Mailbox<Mark>(capacity: capacity, overflow: .suspendSender)
        final class Flag: Sendable { let isSet = Lock(false) }
        let isOver = Flag()
        // Each notes what it was told: a send that threw was not delivered, one that returned was.
        let sending = (0..<senders).map { sender in
            Task {
                var sent: [Mark] = []
                for number in 0..<perSender {
                    let mark = Mark(sender: sender, number: number)
                    let attempt = Task { try await mailbox.send(mark) }
                    if (sender + number) % 3 == 0 { attempt.cancel() }
                    if case .success = await attempt.result { sent.append(mark) }
                }
                return sent
            }
        }
        let receiving = (0..<receivers).map { receiver in
            Task {
                var received: [Mark] = []
                var round = receiver
                while !isOver.isSet.withLock({ $0 }) || mailbox.statistics.depth > 0 {
                    let attempt = Task { try await mailbox.receive(upTo: 5) }
                    round += 1
                    if round % 2 == 0 { await Task.yield() }
                    attempt.cancel()
                    if case .success(let elements) = await attempt.result { received += elements }
                }
                return received
            }
        }
        var sent: [Mark] = []
        for task in sending { sent += await task.value }
        isOver.isSet.withLock { $0 = true }
        var received: [Mark] = []
        for task in receiving { received += await task.value }
        #expect(received.count == sent.count)
        #expect(Set(received) == Set(sent))
        #expect(mailbox.statistics.depth == 0)
        #expect(mailbox.statistics.waitingSenders == 0)
    }

    @Test(arguments: [1, 100, 65_536]) func eachSendersOrderIsKept(capacity: Int) async throws {
        let (senders, perSender) = (50, 1000)
        let mailbox = Mailbox<(sender: Int, number: Int)>(capacity: capacity, overflow: .suspendSender)
        let sending = (0..<senders).map { sender in
            Task {
                var number = 0
                while number < perSender {
                    if sender % 2 == 0 {
                        try await mailbox.send((sender, number))
                        number += 1
                    } else {
                        try await mailbox.send(contentsOf: (number..<number + 10).map { (sender, $0) })
                        number += 10
                    }
                }
            }
        }
        var next = [Int](repeating: 0, count: senders)
        var total = 0
        while total < senders * perSender {
            for element in try await mailbox.receive(upTo: 77) {
                if next[element.sender] != element.number { Issue.record("\(element) came out of its order") }
                next[element.sender] = element.number + 1
                total += 1
            }
        }
        for task in sending { try await task.value }
        #expect(mailbox.statistics.depth == 0)
    }

    @Test func nothingSlipsThroughBetweenLookingAndWaiting() async throws {
        // Each sends just when the other, having found nothing, is about to wait.
        let (there, back) = (
            Mailbox<Int>(capacity: 1, overflow: .suspendSender), Mailbox<Int>(capacity: 1, overflow: .suspendSender)
        )
        let rounds = 20_000
        let echo = Task {
            for _ in 0..<rounds { try await back.send(contentsOf: there.receive()) }
        }
        for round in 0..<rounds {
            try await there.send(round)
            #expect(try await back.receive() == [round])
        }
        try await echo.value
    }

    // MARK: - What it must not do

    @Test(arguments: [OverflowPolicy.suspendSender, .dropOldest, .dropNewest], [Int.min, -1, 0, 1, .max])
    func takesAnyCapacityAndAnyLimit(overflow: OverflowPolicy, number: Int) async throws {
        let mailbox = Mailbox<Int>(capacity: number, overflow: overflow)
        #expect(mailbox.capacity == max(1, number))
        for element in 0..<mailbox.capacity.clamped(to: 1...5000) { try await mailbox.send(element) }
        #expect(try await mailbox.receive(upTo: number).count == max(1, number).clamped(to: 1...5000))
        #expect(mailbox.statistics.depth == 0)
    }

    @Test func runsNoCodeOfItsElementsUnderItsLock() async throws {
        // Each looks into the mailbox when it is released; under the lock that would never end.
        final class Load: Sendable {
            let mailbox: Lock<Mailbox<Load>?>
            init(_ mailbox: Mailbox<Load>) { self.mailbox = Lock(mailbox) }
            deinit { _ = mailbox.withLock { $0 }?.statistics }
        }
        for overflow in [OverflowPolicy.dropOldest, .dropNewest] {
            let mailbox = Mailbox<Load>(capacity: 2, overflow: overflow)
            for _ in 0..<5 { _ = mailbox.offer(Load(mailbox)) }
            try await mailbox.send(contentsOf: [Load(mailbox), Load(mailbox)])
            #expect(mailbox.statistics == MailboxStatistics(depth: 2, highWaterMark: 2, dropped: 5))
            _ = try await mailbox.receive()
        }
    }

    @Test func whatWaitsIsReleasedWithTheMailbox() {
        final class Load: Sendable {}
        weak var weakLoad: Load?
        do {
            let mailbox = Mailbox<Load>(capacity: 4, overflow: .dropOldest)
            let load = Load()
            weakLoad = load
            // Five of four: the ring has wrapped round.
            for _ in 0..<5 { _ = mailbox.offer(load) }
        }
        #expect(weakLoad == nil)
    }

    @Test func aSenderStaysOnItsActorsThread() async throws {
        actor Sensor {
            private let executor: ThreadExecutor
            nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
            nonisolated var isCurrent: Bool { executor.isIsolatingCurrentContext() == true }
            init() throws { executor = try ThreadExecutor(name: "sensor") }

            func send(to mailbox: Mailbox<Int>) async throws { try await mailbox.send(1) }
        }
        let sensor = try Sensor()
        let isIsolated = Lock(false)
        let mailbox = Mailbox<Int>(capacity: 1, overflow: .suspendSender) { element in
            isIsolated.withLock { $0 = sensor.isCurrent }
            return element
        }
        try await sensor.send(to: mailbox)
        #expect(isIsolated.withLock { $0 })
    }
}

extension Int {
    fileprivate func clamped(to range: ClosedRange<Int>) -> Int {
        Swift.min(Swift.max(self, range.lowerBound), range.upperBound)
    }
}
