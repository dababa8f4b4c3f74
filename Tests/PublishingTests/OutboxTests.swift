import Foundation
import Sensors
import Supervision
import Testing

@testable import Publishing

@Suite(.timeLimit(.minutes(10)))
struct OutboxTests {
    private let place = OutboxPlace()

    private func readings(_ count: Int) -> [Reading] { (0..<UInt64(count)).map { sampleReading($0) } }

    /// Takes messages until they held that many readings, and acknowledges them.
    private func receive(
        _ count: Int, _ link: FakeLink, _ outbox: Outbox, _ transport: Int = 0, into received: inout Received
    ) async throws {
        let end = received.order.count + count
        while received.order.count < end {
            try Task.checkCancellation()
            let messages = link.take()
            for message in messages { received.take(message.content) }
            await outbox.settle(transport, acknowledged: messages.map(\.number))
            await Task.yield()
        }
    }

    // MARK: - The way of a reading

    @Test func aConnectedTransportGetsReadingsAtOnceAndNothingIsWritten() async throws {
        let fixture = try OutboxFixture(OutboxFixture.options(place.folder, .window(.seconds(5))))
        await fixture.outbox.open()
        let link = FakeLink()
        await fixture.outbox.connect(0, link)
        let before = place.bytes("outbox.db-wal")
        var received = Received()
        for _ in 0..<20 {
            let numbers = try await fixture.outbox.accept(readings(5))
            let messages = link.take()
            for message in messages { received.take(message.content) }
            #expect(received.order.last == numbers?.upperBound)
            await fixture.outbox.settle(0, acknowledged: messages.map(\.number))
            fixture.clock.advance(by: .seconds(1))
        }
        #expect(received.order.count == 100)
        #expect(await fixture.outbox.status.memory == 0)
        #expect(place.bytes("outbox.db-wal") == before)
    }

    @Test func theWindowEndsWithACommit() async throws {
        let fixture = try OutboxFixture(OutboxFixture.options(place.folder, .window(.seconds(5))))
        await fixture.outbox.open()
        try await fixture.outbox.accept(readings(10))
        await fixture.clock.sleepers(atLeast: 1)
        fixture.clock.advance(by: .milliseconds(4999))
        #expect(await fixture.outbox.status.disk == 0)
        fixture.clock.advance(by: .milliseconds(1))
        try await fixture.until { $0.disk == 10 && $0.memory == 0 }
        // The next window begins with the next reading.
        fixture.clock.advance(by: .seconds(100))
        try await fixture.outbox.accept(readings(3))
        await fixture.clock.sleepers(atLeast: 1)
        #expect(await fixture.outbox.status.memory == 3)
        fixture.clock.advance(by: .seconds(5))
        try await fixture.until { $0.disk == 13 }
    }

    @Test func whatComesWhileTheFilesAreOpenedWaitsForThem() async throws {
        let outbox = try OutboxFixture(OutboxFixture.options(place.folder)).outbox
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<8 {
                group.addTask {
                    await outbox.open()
                    try await outbox.store([sampleReading(UInt64(number))])
                }
            }
            try await group.waitForAll()
        }
        let status = await outbox.status
        // A first start begins at random.
        #expect(status.disk == 8 && status.accepted == 8 && status.next > 1 << 16, "\(status)")
        await outbox.close()
        let again = try OutboxFixture(OutboxFixture.options(place.folder)).outbox
        await again.open()
        #expect(await again.status.disk == 8)
    }

    @Test func storedMeansOnDiskOrAcknowledged() async throws {
        let fixture = try OutboxFixture(OutboxFixture.options(place.folder, .window(.seconds(5))))
        await fixture.outbox.open()
        try await fixture.outbox.store(readings(7))
        #expect(await fixture.outbox.status.disk == 7)
        // Without files only a receiver can make it so.
        let memory = try OutboxFixture(OutboxFixture.options(nil))
        await memory.outbox.open()
        let link = FakeLink()
        await memory.outbox.connect(0, link)
        async let stored: Void = memory.outbox.store(readings(7))
        try await memory.until { $0.memory == 7 }
        await memory.outbox.settle(0, acknowledged: link.take().map(\.number))
        try await stored
    }

    @Test func allTransportsMustHaveIt() async throws {
        let fixture = try OutboxFixture(OutboxFixture.options(place.folder), transports: ["one", "two"])
        await fixture.outbox.open()
        let links = [FakeLink(), FakeLink()]
        await fixture.outbox.connect(0, links[0])
        var received = [Received(), Received()]
        try await fixture.outbox.accept(readings(5000))
        try await receive(5000, links[0], fixture.outbox, into: &received[0])
        try await fixture.until { $0.disk == 5000 && $0.memory == 0 }
        #expect(await fixture.outbox.status.transports.map(\.lag) == [0, 5000])
        await fixture.outbox.connect(1, links[1])
        try await receive(5000, links[1], fixture.outbox, 1, into: &received[1])
        #expect(received[1].order == received[0].order && received[0].order == received[0].order.sorted())
        try await fixture.until { $0.disk == 0 && $0.memory == 0 }
        // The blocks are gone, too.
        try await fixture.until { $0.bytes < 60_000 }
    }

    @Test func aBacklogComesBeforeWhatIsNew() async throws {
        let fixture = try OutboxFixture(OutboxFixture.options(place.folder))
        await fixture.outbox.open()
        try await fixture.outbox.store(readings(20_000))
        let link = FakeLink()
        var received = Received()
        await fixture.outbox.connect(0, link)
        try await fixture.outbox.accept(readings(10))
        try await receive(20_010, link, fixture.outbox, into: &received)
        #expect(received.order == received.order.sorted() && received.gaps.isEmpty)
        for (index, number) in received.order.enumerated() where index < 20_000 {
            #expect(received.readings[number]?.value == sampleReading(UInt64(index)).value)
        }
    }

    @Test func aLostConnectionSendsAgain() async throws {
        let fixture = try OutboxFixture(OutboxFixture.options(place.folder))
        await fixture.outbox.open()
        let first = FakeLink()
        await fixture.outbox.connect(0, first)
        try await fixture.outbox.store(readings(100))
        #expect(first.take().count == 2)
        first.fail()
        await fixture.outbox.disconnect(0)
        let second = FakeLink()
        await fixture.outbox.connect(0, second)
        var received = Received()
        try await receive(100, second, fixture.outbox, into: &received)
        #expect(received.order.count == 100)
    }

    // MARK: - Starts

    @Test func aCleanEndGoesOnCountingAndASuddenOneTellsTheGap() async throws {
        var last: UInt64 = 0
        for round in 0..<6 {
            let fixture = try OutboxFixture(OutboxFixture.options(place.folder))
            await fixture.outbox.open()
            let numbers = try #require(try await fixture.outbox.accept(readings(10)))
            try await fixture.outbox.flush()
            if round.isMultiple(of: 2) {
                // After the sudden end of the round before.
                #expect(round == 0 || numbers.lowerBound > last + 10)
                await fixture.outbox.close()
            } else {
                #expect(numbers.lowerBound == last + 1)
            }
            last = numbers.upperBound
        }
        let fixture = try OutboxFixture(OutboxFixture.options(place.folder))
        await fixture.outbox.open()
        let link = FakeLink()
        await fixture.outbox.connect(0, link)
        var received = Received()
        try await receive(60, link, fixture.outbox, into: &received)
        let first = try #require(received.order.first)
        for number in first...last { #expect(received.isAccounted(number)) }
        #expect(received.gaps.allSatisfy { $0.reason == .restart } && received.gaps.count >= 2)
    }

    /// Ten sensors at 1 Hz, with a receiver and without.
    @Test(arguments: [true, false]) func aSuddenEndCostsTheNumbersOfSecondsOnly(_ isConnected: Bool) async throws {
        let fixture = try OutboxFixture(OutboxFixture.options(place.folder, .window(.seconds(5))))
        await fixture.outbox.open()
        let link = FakeLink()
        if isConnected { await fixture.outbox.connect(0, link) }
        let before = place.sequenceWrites
        var last: UInt64 = 0
        for _ in 0..<1000 {
            last = try await fixture.outbox.accept(readings(10))?.upperBound ?? 0
            await fixture.outbox.settle(0, acknowledged: link.take().map(\.number))
            await fixture.outbox.rest()
            fixture.clock.advance(by: .seconds(1))
            // The end of a window takes its time.
            try await fixture.until { $0.memory <= 60 }
        }
        // One each 30 seconds, and a few at the beginning.
        #expect(place.sequenceWrites - before <= 1000 / 30 + 4)
        let copy = OutboxPlace()
        try FileManager.default.createDirectory(atPath: copy.folder, withIntermediateDirectories: true)
        for name in ["outbox.db", "outbox.db-wal", "sequence"] { try copy.write(place.bytes(name), to: name) }
        let opened = try await copy.store().open()
        let gap = try #require(opened.gap)
        // A step, half of one that was left when it was reserved, and what one second takes.
        #expect(gap.reason == .restart && gap.last > last && gap.last - last <= 300 + 150 + 10)
        // With a receiver, what it has since the last reservation is in it as well; without, what is stored is not.
        #expect(gap.first <= last + 1 && last + 1 - gap.first <= (isConnected ? 300 + 150 : 60))
    }

    @Test func numbersNeverComeAgain() async throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = Generator(state: seed)
        var used: Set<UInt64> = []
        var last: UInt64 = 0
        for _ in 0..<1000 {
            let store = try place.store()
            let opened = try await store.open()
            var (next, ceiling) = (opened.next, opened.ceiling)
            for _ in 0..<Int.random(in: 0..<4, using: &random) {
                let count = UInt64.random(in: 0..<6000, using: &random)
                if next + count > ceiling {
                    ceiling = next + count + OutboxStore.leastStep
                    try await store.reserve(ceiling: ceiling, settled: next - 1)
                }
                // A few stand for all of them.
                for number in [next, next + count / 2, next + count] where number < ceiling {
                    #expect(used.insert(number).inserted || number == next, "seed \(seed)")
                    #expect(number >= last, "seed \(seed)")
                    last = max(last, number)
                }
                next += count + 1
            }
            switch Int.random(in: 0..<10, using: &random) {
            case 0: try await store.close(next: next, settled: next - 1)
            case 1:
                // Torn while it was written: one of the copies.
                var bytes = place.bytes("sequence")
                bytes[Int.random(in: 0..<36, using: &random)] ^= 1
                try place.write(bytes, to: "sequence")
            default: break
            }
        }
    }

    // MARK: - Failing disks

    @Test(.enabled(if: geteuid() == 0, "mounts file systems")) func aFullDiskIsNoticedAndComesBack() async throws {
        try await withFileSystem { mount in
            var options = OutboxFixture.options("\(mount)/outbox")
            options.memory = 100
            let fixture = try OutboxFixture(options)
            await fixture.outbox.open()
            let first = try #require(try await fixture.outbox.accept(readings(50)))
            try await fixture.outbox.flush()
            try? shell("dd if=/dev/zero of=\(mount)/ballast bs=4k 2>/dev/null")
            // Its files still have room for some.
            var accepted = 50
            while await fixture.outbox.status.alarm == nil {
                try await fixture.outbox.accept(readings(40))
                accepted += 40
            }
            try await fixture.console.next(containing: "the disk takes no readings: database or disk is full")
            for _ in 0..<20 { try await fixture.outbox.accept(readings(40)) }
            #expect(await fixture.outbox.status.memory <= 100)
            try await fixture.console.next(containing: "from now on the oldest make room")
            let before = await fixture.outbox.status.next
            let stored = Task { try await fixture.outbox.store(readings(40)) }
            while await fixture.outbox.status.next < before + 40 { await Task.yield() }
            for _ in 0..<4 { try await fixture.outbox.accept(readings(40)) }
            let error = await #expect(throws: NotStoredError.self) { try await stored.value }
            #expect(error?.reason == "database or disk is full")
            accepted += 800 + 40 + 160

            try shell("rm \(mount)/ballast")
            try await recovered(fixture, first: first.lowerBound, accepted: accepted, reasons: [.memory])
        }
    }

    @Test(.enabled(if: geteuid() == 0, "mounts file systems")) func aReadOnlyDiskIsUsedAgainWhenItIsWritable()
        async throws
    {
        try await withFileSystem { mount in
            var options = OutboxFixture.options("\(mount)/outbox")
            options.memory = 100
            var fixture = try OutboxFixture(options)
            await fixture.outbox.open()
            let first = try #require(try await fixture.outbox.accept(readings(50)))
            await fixture.outbox.close()
            try shell("mount -o remount,ro \(mount)")
            fixture = try OutboxFixture(options)
            await fixture.outbox.open()
            try await fixture.console.next(containing: "the disk takes no readings: ")
            for _ in 0..<6 { try await fixture.outbox.accept(readings(40)) }
            #expect(await fixture.outbox.status.memory <= 100)
            try shell("mount -o remount,rw \(mount)")
            try await recovered(
                fixture, first: first.lowerBound, accepted: 290, reasons: [.memory, .restart, .several])
        }
    }

    /// Full, or read-only since the kernel found an error.
    @Test(.enabled(if: geteuid() == 0, "mounts file systems"), arguments: [false, true])
    func aDiskThatTakesNothingHoldsUpNoReceiver(isReadOnly: Bool) async throws {
        try await withFileSystem(isReal: isReadOnly) { mount in
            let fixture = try OutboxFixture(OutboxFixture.options("\(mount)/outbox"))
            await fixture.outbox.open()
            let first = try #require(try await fixture.outbox.accept(readings(5000))).lowerBound
            try await fixture.outbox.flush()
            if isReadOnly {
                try shell("echo error > /sys/fs/ext4/$(basename $(findmnt -no SOURCE \(mount)))/trigger_fs_error")
            } else {
                try? shell("dd if=/dev/zero of=\(mount)/ballast bs=4k 2>/dev/null")
            }
            var accepted: UInt64 = 5000
            while await fixture.outbox.status.alarm == nil {
                try await fixture.outbox.accept(readings(40))
                accepted += 40
            }
            // What is on disk comes first, then what is in memory, then what is new. An attempt to write changes nothing.
            let link = FakeLink()
            await fixture.outbox.connect(0, link)
            var received = Received()
            try await receive(Int(accepted) - 20, link, fixture.outbox, into: &received)
            await fixture.clock.sleepers(atLeast: 1)
            fixture.clock.advance(by: .seconds(60))
            await fixture.outbox.rest()
            try await fixture.outbox.accept(readings(100))
            try await receive(Int(accepted) + 100 - received.order.count, link, fixture.outbox, into: &received)
            var next = first
            for number in received.order {
                #expect(number >= next)
                next = number + 1
            }
            #expect(received.order.count == Int(accepted) + 100)
            // Only where no numbers could be reserved.
            #expect(received.gaps.allSatisfy { $0.reason == .restart && $0.first > first + accepted - 41 })
            let status = await fixture.outbox.status
            #expect(status.depth == 0 && status.droppedNow == 0)
        }
    }

    /// A start that finds damaged files, and no room to take what is left of them over.
    @Test(.enabled(if: geteuid() == 0, "mounts file systems"), arguments: [true, false])
    func whatIsNewWaitsForFilesThatCannotBeOpened(areBackInTime: Bool) async throws {
        try await withFileSystem { mount in
            let sound = try OutboxFixture(OutboxFixture.options(place.folder))
            await sound.outbox.open()
            let old = try #require(try await sound.outbox.accept(readings(50)))
            try await sound.outbox.flush()
            await sound.outbox.close()
            try shell("mkdir \(mount)/outbox && cp \(place.folder)/outbox.* \(place.folder)/sequence \(mount)/outbox")
            try shell("dd if=/dev/zero of=\(mount)/outbox/outbox.db bs=1k count=1 conv=notrunc 2>/dev/null")
            let options = OutboxFixture.options("\(mount)/outbox")
            var fixture = try OutboxFixture(options)
            try? shell("dd if=/dev/zero of=\(mount)/ballast bs=4k 2>/dev/null")
            await fixture.outbox.open()
            try await fixture.console.next(containing: "the disk takes no readings: ")
            let link = FakeLink()
            await fixture.outbox.connect(0, link)
            // More than is reserved at once, without a disk.
            let new = try #require(try await fixture.outbox.accept(readings(300)))
            #expect(new.lowerBound == old.upperBound + 1)
            #expect(link.take().count == 0)

            var received = Received()
            if areBackInTime {
                try shell("rm \(mount)/ballast")
            } else {
                for _ in 0..<11 {
                    await fixture.clock.sleepers(atLeast: 1)
                    fixture.clock.advance(by: .seconds(30))
                    try await fixture.until { $0.alarm != nil }
                }
                try await receive(300, link, fixture.outbox, into: &received)
                #expect(received.order == Array(new))
                try shell("rm \(mount)/ballast")
            }
            await fixture.clock.sleepers(atLeast: 1)
            fixture.clock.advance(by: .seconds(30))
            try await fixture.console.next(containing: "the disk takes readings again")
            try await receive(areBackInTime ? 350 : 50, link, fixture.outbox, into: &received)
            #expect(received.order == (areBackInTime ? Array(old) + Array(new) : Array(new) + Array(old)))
            // Of numbers that had to be told apart from those of the files a receiver has what it has.
            #expect(received.gaps.map(\.reason) == (areBackInTime ? [] : [.restart]))
            // The next start goes on counting.
            await fixture.outbox.close()
            fixture = try OutboxFixture(options)
            await fixture.outbox.open()
            #expect(await fixture.outbox.status.next == new.upperBound + 1)
        }
    }

    private func recovered(
        _ fixture: OutboxFixture, first: UInt64, accepted: Int, reasons: Set<OutboxGap.Reason>
    ) async throws {
        await fixture.clock.sleepers(atLeast: 1)
        fixture.clock.advance(by: .seconds(60))
        try await fixture.console.next(containing: "the disk takes readings again")
        try await fixture.outbox.flush()
        let status = await fixture.outbox.status
        #expect(status.alarm == nil && status.droppedNow > 0 && status.memory == 0)
        let link = FakeLink()
        await fixture.outbox.connect(0, link)
        var received = Received()
        while received.order.last != status.next - 1 {
            try await receive(1, link, fixture.outbox, into: &received)
        }
        // Every reading is delivered or missing, and which are missing is told.
        #expect(received.order.count + Int(status.droppedNow) == accepted)
        #expect(Set(received.gaps.map(\.reason)).isSubset(of: reasons) && !received.gaps.isEmpty)
        var number = first
        for gap in received.gaps.sorted(by: { $0.first < $1.first }) {
            while number < gap.first {
                #expect(received.readings[number] != nil)
                number += 1
            }
            number = max(number, gap.last + 1)
        }
        while number < status.next {
            #expect(received.readings[number] != nil)
            number += 1
        }
        await fixture.outbox.close()
    }

    /// - Parameter isReal: an ext4 that becomes read-only at an error, as a device's.
    private func withFileSystem(isReal: Bool = false, _ body: (String) async throws -> Void) async throws {
        let mount = place.path("mount")
        try FileManager.default.createDirectory(atPath: mount, withIntermediateDirectories: true)
        if isReal {
            let image = place.path("image")
            try shell("truncate -s 16M \(image) && mkfs.ext4 -q \(image)")
            try shell("mount -o loop,errors=remount-ro \(image) \(mount)")
        } else {
            try shell("mount -t tmpfs -o size=1m tmpfs \(mount)")
        }
        let result: Result<Void, any Error>
        do { result = .success(try await body(mount)) } catch { result = .failure(error) }
        try shell("umount -l \(mount)")
        try result.get()
    }

    @Test func suspendingTakesNothingMore() async throws {
        var options = OutboxFixture.options(nil)
        options.memory = 100
        options.whenFull = .suspend
        let fixture = try OutboxFixture(options)
        await fixture.outbox.open()
        try await fixture.outbox.accept(readings(100))
        let waiting = Task { try await fixture.outbox.accept(readings(5)) }
        try await fixture.console.next(containing: "takes no readings until there is room")
        #expect(await fixture.outbox.status.accepted == 100)
        let link = FakeLink()
        await fixture.outbox.connect(0, link)
        await fixture.outbox.settle(0, acknowledged: link.take().map(\.number))
        #expect(try await waiting.value == 101...105)
        #expect(await fixture.outbox.status.droppedNow == 0)
        // Who waits can be cancelled.
        try await fixture.outbox.accept(readings(95))
        let cancelled = Task { try await fixture.outbox.accept(readings(50)) }
        cancelled.cancel()
        await #expect(throws: CancellationError.self) { try await cancelled.value }
    }

    @Test func suspendingOnAFullFileTakesMoreOnceThereIsRoom() async throws {
        var options = OutboxFixture.options(place.folder)
        options.bytes = 64 << 10
        options.whenFull = .suspend
        let fixture = try OutboxFixture(options)
        await fixture.outbox.open()
        let accepting = Task {
            for _ in 0..<100 { try await fixture.outbox.accept(readings(100)) }
        }
        try await fixture.console.next(containing: "takes no readings until there is room")
        let status = await fixture.outbox.status
        #expect(status.bytes >= 64 << 10 && status.accepted < 10_000)
        let link = FakeLink()
        await fixture.outbox.connect(0, link)
        var received = Received()
        try await receive(10_000, link, fixture.outbox, into: &received)
        try await accepting.value
        #expect(received.order == Array((status.next - status.accepted)..<(status.next - status.accepted + 10_000)))
        #expect(received.gaps.isEmpty)
        #expect(await fixture.outbox.status.droppedNow == 0)
    }

    /// An outbox that suspends and whose file has just become full, without a receiver so far; and how many commits it
    /// has begun.
    private func fullOutbox() async throws -> (fixture: OutboxFixture, commits: Lock<Int>) {
        var options = OutboxFixture.options(place.folder)
        options.bytes = 64 << 10
        options.whenFull = .suspend
        let commits = Lock(0)
        let fixture = try OutboxFixture(options) { time in
            // The present: here nothing but a commit asks for it.
            if time == 1_000_000_000 { commits.withLock { $0 += 1 } }
            return 1_700_000_000_000_000_000 + Int64(clamping: time)
        }
        await fixture.outbox.open()
        while case let status = await fixture.outbox.status, status.bytes < status.limit {
            try await fixture.outbox.store(readings(100))
        }
        await fixture.outbox.rest()
        return (fixture, commits)
    }

    @Test func suspendingTakesMoreWhenTheLastAcknowledgementsComeDuringACommit() async throws {
        let (fixture, commits) = try await fullOutbox()
        let outbox = fixture.outbox
        let last = await outbox.status.next - 1
        let link = FakeLink(window: 1000)
        await outbox.connect(0, link)
        var messages: [OutboxMessage] = []
        while messages.last?.numbers.upperBound != last {
            try Task.checkCancellation()
            messages += link.take()
            await Task.yield()
        }
        // As a slow disk does, it keeps the next commit waiting.
        let store: OutboxStore? = outbox.store
        let held = Lines()
        let end = DispatchSemaphore(value: 0)
        defer { end.signal() }
        Task { await store?.hold(held, until: end) }
        try await held.next()
        let before = commits.withLock { $0 }
        // Something to write that needs no room. It removes nothing: the file is full after it, too.
        try await outbox.accept(readings(1), isBounded: false)
        while commits.withLock({ $0 }) == before {
            try Task.checkCancellation()
            await Task.yield()
        }
        messages += link.take()
        await outbox.settle(0, acknowledged: messages.map(\.number))
        #expect(await outbox.status.transports[0].lag == 0)
        end.signal()
        let numbers = try await outbox.accept(readings(100))
        #expect(numbers?.count == 100)
        #expect(await outbox.status.droppedNow == 0)
    }

    /// Acknowledged since the last commit, when nobody wanted room, and now the receiver is gone.
    @Test func suspendingTakesTheRoomOfWhatWasAcknowledgedBefore() async throws {
        let outbox = try await fullOutbox().fixture.outbox
        let link = FakeLink()
        await outbox.connect(0, link)
        var received = Received()
        let count = Int(clamping: await outbox.status.depth)
        try await receive(count / 3, link, outbox, into: &received)
        link.fail()
        await outbox.disconnect(0)
        let status = await outbox.status
        #expect(status.bytes >= status.limit && status.depth > 0)
        let numbers = try await outbox.accept(readings(100))
        #expect(numbers?.count == 100)
    }

    @Test func aFullFileIsNotWrittenInVain() async throws {
        let (fixture, commits) = try await fullOutbox()
        // A message holds less than the first block, which therefore stays.
        let link = FakeLink(window: 1)
        await fixture.outbox.connect(0, link)
        var messages: [OutboxMessage] = []
        while messages.isEmpty {
            try Task.checkCancellation()
            messages = link.take()
            await Task.yield()
        }
        await fixture.outbox.settle(0, acknowledged: messages.map(\.number))
        let before = commits.withLock { $0 }
        let waiting = Task { try await fixture.outbox.accept(readings(100)) }
        try await fixture.console.next(containing: "takes no readings until there is room")
        // Turns enough for many commits.
        for _ in 0..<10_000 { _ = await fixture.outbox.status }
        #expect(commits.withLock { $0 } <= before + 1)
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
    }

    @Test func whatTheMailboxLostIsAccountedFor() async throws {
        let fixture = try OutboxFixture(OutboxFixture.options(nil))
        await fixture.outbox.open()
        let link = FakeLink()
        await fixture.outbox.connect(0, link)
        try await fixture.outbox.accept(readings(2), missing: 5)
        var received = Received()
        for message in link.take() { received.take(message.content) }
        #expect(received.gaps.map(\.count) == [5] && received.gaps.first?.reason == .mailbox)
        #expect(received.order == [6, 7])
    }

    // MARK: - Refusals

    /// Each time over another connection, never as one of several.
    @Test func aReadingIsPutAsideHoweverOftenTheConnectionEnds() async throws {
        let fixture = try OutboxFixture(OutboxFixture.options(nil))
        await fixture.outbox.open()
        try await fixture.outbox.accept(readings(1))
        for refusal in 1...3 {
            let link = FakeLink()
            await fixture.outbox.connect(0, link)
            await fixture.outbox.settle(
                0, acknowledged: [], rejected: link.take().map { ($0.number, "too large") })
            #expect(await fixture.outbox.status.lastLetters.count == (refusal == 3 ? 1 : 0))
            await fixture.outbox.disconnect(0)
        }
    }

    @Test func aReadingThatNobodyTakesIsPutAside() async throws {
        let fixture = try OutboxFixture(OutboxFixture.options(place.folder))
        await fixture.outbox.open()
        let link = FakeLink()
        await fixture.outbox.connect(0, link)
        let numbers = try #require(try await fixture.outbox.accept(readings(200)))
        let bad = numbers.lowerBound + 70
        var received = Received()
        while await fixture.outbox.status.deadLetters == 0 {
            let messages = link.take()
            var (good, refused): ([UInt64], [(UInt64, String)]) = ([], [])
            for message in messages {
                if case .readings(let some) = message.content, some.contains(where: { $0.sequence == bad }) {
                    refused.append((message.number, "too large"))
                } else {
                    good.append(message.number)
                    received.take(message.content)
                }
            }
            await fixture.outbox.settle(0, acknowledged: good, rejected: refused)
            await Task.yield()
        }
        try await fixture.console.next(containing: "refuses the reading number \(bad): too large; it is put aside")
        #expect(received.order.count == 199)
        // In its place the receiver hears that it will not come, over the next connection, too.
        for isNew in [false, true] {
            let link = isNew ? FakeLink() : link
            if isNew { await fixture.outbox.connect(0, link) }
            let messages = link.take()
            let gaps = messages.compactMap { if case .gap(let gap) = $0.content { gap } else { nil } }
            #expect(gaps.map(\.first) == [bad] && gaps.map(\.last) == [bad] && gaps.map(\.reason) == [.refused])
            if isNew { await fixture.outbox.settle(0, acknowledged: messages.map(\.number)) }
        }
        let status = await fixture.outbox.status
        #expect(status.transports[0].lag == 0 && status.missing == [.refused: 1])
        #expect(status.lastLetters.map(\.reading.sequence) == [bad])
        await fixture.outbox.close()
        let store = try place.store()
        _ = try await store.open()
        let letters = await store.deadLetters(atMost: 10)
        #expect(letters.map(\.reading.sequence) == [bad] && letters.first?.reason == "too large")
    }

    @Test func aRefusedGapHoldsUpNothing() async throws {
        let fixture = try OutboxFixture(OutboxFixture.options(place.folder))
        await fixture.outbox.open()
        let link = FakeLink()
        await fixture.outbox.connect(0, link)
        try await fixture.outbox.accept(readings(100), missing: 1000)
        var received = Received()
        while await fixture.outbox.status.transports[0].lag > 0 {
            try Task.checkCancellation()
            var (good, refused): ([UInt64], [(UInt64, String)]) = ([], [])
            for message in link.take() {
                if case .gap = message.content {
                    refused.append((message.number, "not allowed"))
                } else {
                    good.append(message.number)
                    received.take(message.content)
                }
            }
            await fixture.outbox.settle(0, acknowledged: good, rejected: refused)
            await Task.yield()
        }
        try await fixture.console.next(containing: "refuses to hear that the readings number ")
        #expect(received.order.count == 100)
        #expect(await fixture.outbox.status.deadLetters == 0)
    }

    @Test func aReadingFromDiskThatNobodyTakesIsPutAside() async throws {
        let first = try OutboxFixture(OutboxFixture.options(place.folder))
        await first.outbox.open()
        try await first.outbox.store(readings(200))
        await first.outbox.close()
        let fixture = try OutboxFixture(OutboxFixture.options(place.folder))
        await fixture.outbox.open()
        let link = FakeLink()
        await fixture.outbox.connect(0, link)
        let bad = try #require(await fixture.outbox.status.transports.first?.position) + 70
        while await fixture.outbox.status.deadLetters == 0 {
            try Task.checkCancellation()
            let messages = link.take()
            let refused = messages.filter { $0.numbers.contains(bad) }
            await fixture.outbox.settle(
                0, acknowledged: messages.filter { !$0.numbers.contains(bad) }.map(\.number),
                rejected: refused.map { ($0.number, "too large") })
            await Task.yield()
        }
        // By itself, without a reading that would be written.
        let store = try place.store()
        while await fixture.outbox.status.transports[0].lag > 0 {
            try Task.checkCancellation()
            await fixture.outbox.settle(0, acknowledged: link.take().map(\.number))
            await Task.yield()
        }
        await fixture.outbox.rest()
        await fixture.outbox.close()
        _ = try await store.open()
        #expect(await store.deadLetters(atMost: 10).map(\.reading.sequence) == [bad])
    }

    // MARK: - Beside each other

    @Test func whatIsStoredBesideAnEndIsThere() async throws {
        let place = place
        var stored: Set<Double> = []
        for round in 0..<20 {
            let fixture = try OutboxFixture(OutboxFixture.options(place.folder), start: nil)
            let told = Lock<Set<Double>>([])
            await withTaskGroup(of: Void.self) { group in
                for task in 0..<4 {
                    group.addTask {
                        for number in 0..<10 {
                            let value = Double(round * 1000 + task * 100 + number)
                            let reading = Reading(
                                sensor: "s", quantity: .temperature, value: .number(value), wallTime: nil,
                                monotonicTime: 77, bootID: "b")
                            await fixture.outbox.open()
                            guard (try? await fixture.outbox.store([reading])) != nil else { continue }
                            told.withLock { _ = $0.insert(value) }
                        }
                    }
                }
                for _ in 0..<5 { group.addTask { await fixture.outbox.close() } }
            }
            #expect(told.withLock { $0.count } == 40)
            stored.formUnion(told.withLock { $0 })
            await fixture.outbox.close()
        }
        let store = try place.store()
        let opened = try await store.open()
        var (found, numbers): ([Double], Set<UInt64>) = ([], [])
        var number = try #require(opened.first) - 1
        while case (let entries, _) = try await store.entries(after: number, settled: 0, stored: opened.settled),
            let last = entries.last?.last, last > number
        {
            for case .reading(let reading) in entries where reading.sequence > number {
                if case .number(let value) = reading.value { found.append(value) }
                numbers.insert(reading.sequence)
            }
            number = last
        }
        #expect(found.count == stored.count && Set(found) == stored && numbers.count == found.count)
    }

    @Test func whatMadeRoomInTheSameCallIsNotStored() async throws {
        var options = OutboxFixture.options(nil)
        options.memory = 16
        let fixture = try OutboxFixture(options)
        await fixture.outbox.open()
        await #expect(throws: NotStoredError.self) { try await fixture.outbox.store(readings(40)) }
    }

    @Test func whatCannotBePublishedIsNotSaidToBeStored() async throws {
        let fixture = try OutboxFixture(OutboxFixture.options(place.folder))
        await fixture.outbox.open()
        for value in [Double.nan, .infinity] {
            let bad = Reading(
                sensor: "probe", quantity: .temperature, value: .number(value), wallTime: nil, monotonicTime: 77,
                bootID: "b")
            // Alone, and behind others that come to more than is taken at once.
            for batch in [[bad], readings(600) + [bad]] {
                let error = await #expect(throws: NotStoredError.self) { try await fixture.outbox.store(batch) }
                #expect(error?.isUnpublishable == true)
                #expect(error?.reason == "probe reads \(value), which cannot be published")
            }
        }
        // None of the others was taken.
        #expect(await fixture.outbox.status.accepted == 0)
        try await fixture.outbox.store(readings(600))
        let status = await fixture.outbox.status
        #expect(status.accepted == 600 && status.disk == 600 && status.unpublishable == 0)
    }

    // MARK: - Time

    @Test func wallTimesAreFilledInWhenTheClockIsKnown() async throws {
        let known = Lock(false)
        // In the first boot the clock is set at the end, in the second never.
        func fixture(_ boot: String, isKnown: @escaping @Sendable () -> Bool) throws -> OutboxFixture {
            try OutboxFixture(OutboxFixture.options(place.folder), boot: boot) { time in
                isKnown() ? 1_000_000_000_000_000_000 + Int64(time) : nil
            }
        }
        func untimed(_ boot: String) -> Reading {
            Reading(
                sensor: "s", quantity: .temperature, value: .number(1), wallTime: nil, monotonicTime: 77, bootID: boot)
        }
        for boot in ["first", "second"] {
            let fixture = try fixture(boot, isKnown: { boot == "first" && known.withLock { $0 } })
            await fixture.outbox.open()
            try await fixture.outbox.store([untimed(boot)])
            if boot == "first" { known.withLock { $0 = true } }
            try await fixture.outbox.store([untimed(boot)])
            await fixture.outbox.close()
        }
        let fixture = try fixture("third", isKnown: { true })
        await fixture.outbox.open()
        let link = FakeLink()
        await fixture.outbox.connect(0, link)
        try await fixture.outbox.accept([untimed("third")])
        var received = Received()
        try await receive(5, link, fixture.outbox, into: &received)
        let times = received.order.compactMap { received.readings[$0] }
        #expect(times.map(\.bootID) == ["first", "first", "second", "second", "third"])
        let time: Int64? = 1_000_000_000_000_000_077
        #expect(times.map(\.wallTime) == [time, time, nil, nil, time])
    }
}

extension OutboxStore {
    /// Keeps whatever is asked of it from now on waiting.
    fileprivate func hold(_ isHeld: Lines, until end: DispatchSemaphore) {
        isHeld.append("held")
        end.wait()
    }
}

func shell(_ command: String) throws {
    let process = try Process.run(URL(fileURLWithPath: "/bin/sh"), arguments: ["-c", command])
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw POSIXError(.EIO) }
}
