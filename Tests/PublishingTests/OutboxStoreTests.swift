import Foundation
import Sensors
import Testing

@testable import Publishing

@Suite(.timeLimit(.minutes(10)))
struct OutboxStoreTests {
    private let place = OutboxPlace()

    // MARK: - Keeping

    @Test func whatIsCommittedIsThereAtTheNextStart() async throws {
        var store = try place.store()
        let opened = try await store.open()
        #expect(opened.first == nil && opened.gap == nil && opened.report == nil)
        let next = opened.next
        let ceiling = next + 2000
        try await store.reserve(ceiling: ceiling, settled: next - 1)
        _ = try await store.commit(sampleEntries(next..<(next + 1000))[...], settled: next - 1, state: nil)
        _ = try await store.commit(sampleEntries((next + 1000)..<(next + 1003))[...], settled: next - 1, state: nil)
        // The end of the process is all that happens to it.
        store = try place.store()
        let again = try await store.open()
        #expect(again.first == next && again.settled == next + 1002)
        #expect(again.next == ceiling)
        #expect(
            again.gap?.first == next + 1003 && again.gap?.last == ceiling - 1 && again.gap?.reason == .restart)
        let all = try await store.all(after: next - 1, settled: next - 1, stored: next + 1002)
        #expect(all == sampleEntries(next...(next + 1002)))
    }

    @Test func aCleanEndLeavesNoGap() async throws {
        var store = try place.store()
        let next = try await store.open().next
        _ = try await store.commit(sampleEntries(next..<(next + 5))[...], settled: next - 1, state: nil)
        try await store.close(next: next + 5, settled: next - 1)
        store = try place.store()
        let opened = try await store.open()
        #expect(opened.next == next + 5 && opened.gap == nil && opened.first == next)
    }

    @Test func acknowledgedBlocksGo() async throws {
        let store = try place.store()
        let next = try await store.open().next
        let stored = next + 9999
        var summary = try await store.commit(sampleEntries(next...stored)[...], settled: next - 1, state: nil)
        #expect(summary.depth == 10_000)
        let full = summary.bytes
        summary = try await store.commit([], settled: next + 4999, state: nil)
        #expect(summary.depth >= 5000 && summary.depth < 5400 && summary.bytes < full)
        let rest = try await store.all(after: next + 4999, settled: next + 4999, stored: stored)
        #expect(rest == sampleEntries((next + 5000)...stored))
        summary = try await store.commit([], settled: stored, state: nil)
        #expect(summary.depth == 0 && summary.first == nil)
    }

    @Test func aSecondProcessIsRefused() async throws {
        let store = try place.store()
        _ = try await store.open()
        let other = try place.store()
        let error = await #expect(throws: OutboxStore.Failure.self) { try await other.open() }
        #expect(error?.reason == "database is locked")
        _ = try await store.commit(sampleEntries([1])[...], settled: 0, state: nil)
    }

    // MARK: - Bounds

    @Test func theOldestMakeRoomAndLeaveAGap() async throws {
        let store = try place.store(.init(bytes: 256 << 10, age: 1 << 30))
        let next = try await store.open().next
        var position = next
        var dropped: UInt64 = 0
        for _ in 0..<60 {
            let summary = try await store.commit(
                sampleEntries(position..<(position + 1000))[...], settled: next - 1, state: nil)
            #expect(summary.bytes <= 256 << 10)
            position += 1000
            dropped += summary.dropped.all
        }
        let all = try await store.all(after: next - 1, settled: next - 1, stored: position - 1)
        guard case .gap(let gap) = all.first else {
            Issue.record("no gap at the front")
            return
        }
        // One gap for all, and every number is accounted for.
        #expect(gap.first == next && gap.reason == .full && gap.count == dropped && dropped > 30_000)
        #expect(Array(all.dropFirst()) == sampleEntries((gap.last + 1)..<position))
        #expect(try await store.summary().depth == UInt64(all.count - 1))
    }

    @Test func whatIsTooOldMakesRoom() async throws {
        let store = try place.store()
        let next = try await store.open().next
        for block in 0..<3 as Range<UInt64> {
            let first = next + block * 100
            _ = try await store.commit(sampleEntries(first..<(first + 100))[...], settled: next - 1, state: nil)
        }
        try await store.close(next: next + 300, settled: next - 1)
        // As after a long run: of the device's running time the blocks were stored in the first seconds.
        do {
            let database = try OutboxDatabase(place.path("outbox.db"))
            var state = database.state
            state.runningTime = 1_000_000
            try database.transaction { (database) throws(SQLiteError) in try database.save(state) }
        }
        let later = try place.store(.init(bytes: 1 << 20, age: 900_000))
        _ = try await later.open()
        let summary = try await later.commit(
            sampleEntries((next + 300)..<(next + 310))[...], settled: next - 1, state: nil)
        #expect(summary.dropped.byAge == 300 && summary.dropped.bySize == 0 && summary.depth == 10)
        let all = try await later.all(after: next - 1, settled: next - 1, stored: next + 309)
        guard case .gap(let gap)? = all.first else {
            Issue.record("no gap at the front")
            return
        }
        #expect(gap.first == next && gap.last == next + 299 && gap.reason == .age)
    }

    @Test func deadLettersLeaveRoomForReadings() async throws {
        let store = try place.store(.init(bytes: 64 << 10, age: 1 << 30))
        let next = try await store.open().next
        let letters = (0..<50 as Range<UInt64>).compactMap { number -> DeadLetter? in
            guard case .reading(let reading)? = sampleEntries([next + number]).first else { return nil }
            return DeadLetter(reading: reading, transport: "one", reason: "too large")
        }
        let summary = try await store.commit(
            sampleEntries(next..<(next + 1000))[...], settled: next - 1, state: nil, letters: letters)
        // An eighth of 64 KiB; the newest of them.
        #expect(summary.deadLetters == 8 && summary.depth == 1000)
        #expect(
            await store.deadLetters(atMost: 9).map(\.reading.sequence)
                == letters.suffix(8).reversed().map(\.reading.sequence))
    }

    @Test func aLostFileOfNumbersIsTold() async throws {
        var store = try place.store()
        let next = try await store.open().next
        _ = try await store.commit(sampleEntries(next..<(next + 5))[...], settled: next - 1, state: nil)
        try await store.close(next: next + 5, settled: next - 1)
        try place.write([], to: "sequence")
        store = try place.store()
        let opened = try await store.open()
        #expect(opened.report == "the outbox has lost its file of numbers, and goes on far from those it had")
        #expect(opened.next > next + 5 && opened.gap?.first == next + 5 && opened.gap?.reason == .corrupt)
    }

    @Test func withoutDroppingItIsOnlyTold() async throws {
        let store = try place.store(.init(bytes: 64 << 10, age: 0, dropsOldest: false))
        let next = try await store.open().next
        let summary = try await store.commit(sampleEntries(next..<(next + 9000))[...], settled: next - 1, state: nil)
        #expect(summary.isFull && summary.depth == 9000 && summary.dropped.all == 0)
    }

    @Test func gapsOfManyReasonsArePutTogether() async throws {
        let store = try place.store(.init(bytes: 64 << 10, age: 1 << 30))
        let next = try await store.open().next
        var position = next
        for round in 0..<600 as Range<UInt64> {
            let gap = OutboxGap(first: position, last: position + 1, reason: .restart)
            let entries = [.gap(gap)] + sampleEntries((position + 2)..<(position + 50))
            let summary = try await store.commit(entries[...], settled: next - 1, state: nil)
            #expect(summary.bytes <= 64 << 10, "round \(round)")
            position += 50
        }
        let all = try await store.all(after: next - 1, settled: next - 1, stored: position - 1)
        #expect(all.first?.first == next && all.last?.last == position - 1)
        for (one, following) in zip(all, all.dropFirst()) { #expect(following.first == one.last + 1) }
        #expect(all.count { if case .gap = $0 { true } else { false } } < 200)
    }

    // MARK: - Damage

    @Test(arguments: ["", "this is no database", String(repeating: "x", count: 100_000)])
    func rubbishGoesIntoQuarantine(_ content: String) async throws {
        var store = try place.store()
        let next = try await store.open().next
        _ = try await store.commit(sampleEntries(next..<(next + 5))[...], settled: next - 1, state: nil)
        try await store.close(next: next + 5, settled: next - 1)
        try place.write(Array(content.utf8), to: "outbox.db")
        store = try place.store()
        let opened = try await store.open()
        #expect(opened.next == next + 5)
        // All five are accounted for: they were stored, and nothing is left of them.
        #expect(opened.gap?.first == next && opened.gap?.last == next + 4)
        if !content.isEmpty {
            #expect(opened.report?.contains("quarantine") == true)
            #expect(place.bytes("quarantine/0.db") == Array(content.utf8))
            #expect(opened.gap?.reason == .corrupt)
        }
        _ = try await store.commit(sampleEntries([opened.next])[...], settled: opened.settled, state: nil)
    }

    @Test func anInterruptedSalvageIsDoneAgain() async throws {
        let store = try place.store()
        let next = try await store.open().next
        _ = try await store.commit(sampleEntries(next..<(next + 5000))[...], settled: next - 1, state: nil)
        try await store.close(next: next + 5000, settled: next - 1)
        // Cut off after the files were moved; and when a part had been taken over.
        try FileManager.default.createDirectory(atPath: place.path("salvage"), withIntermediateDirectories: true)
        try FileManager.default.moveItem(atPath: place.path("outbox.db"), toPath: place.path("salvage/0.db"))
        for _ in 0..<2 {
            let store = try place.store()
            let opened = try await store.open()
            #expect(opened.first == next && opened.settled == next + 4999)
            #expect(
                try await store.all(after: next - 1, settled: next - 1, stored: next + 4999)
                    == sampleEntries(next..<(next + 5000)))
            try await store.close(next: next + 5000, settled: next - 1)
            #expect(!FileManager.default.fileExists(atPath: place.path("salvage")))
            try FileManager.default.moveItem(atPath: place.path("quarantine"), toPath: place.path("salvage"))
        }
    }

    /// Damage anywhere: what is intact is delivered, the rest is reported missing, and nothing is wrong.
    @Test(arguments: [true, false]) func flippedBitsCostOnlyWhatTheyHit(_ isInLog: Bool) async throws {
        let (next, stored) = try await filled(inLog: isInLog)
        let name = isInLog ? "outbox.db-wal" : "outbox.db"
        let files = ["outbox.db", "outbox.db-wal", "sequence"].map { ($0, place.bytes($0)) }
        let good = place.bytes(name)
        #expect(good.count > 8192)
        // In the head of every page or frame, and elsewhere in it; other places in every run.
        let seed = UInt64.random(in: 0 ... .max)
        var random = Generator(state: seed)
        let frame = isInLog ? 4120 : 4096
        var places = Set((0..<20).map { _ in Int.random(in: 0..<(isInLog ? 200 : 110), using: &random) })
        for page in stride(from: isInLog ? 32 : 0, to: good.count, by: frame) {
            places.insert(page + Int.random(in: 0..<48, using: &random))
            places.insert(page + Int.random(in: 0..<frame, using: &random))
        }
        for index in places.sorted() where index < good.count {
            for (name, bytes) in files { try place.write(bytes, to: name) }
            var damaged = good
            damaged[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            try place.write(damaged, to: name)
            let store = try place.store()
            let opened = try await store.open()
            #expect(opened.next > stored)
            if let gap = opened.gap {
                _ = try await store.commit([.gap(gap)], settled: next - 1, state: nil)
            }
            let all = try await store.all(after: next - 1, settled: next - 1, stored: opened.next - 1)
            let context: Comment = "byte \(index) of \(name), seed \(seed)"
            var expected = next
            var missing: Set<UInt64> = []
            for entry in all {
                #expect(entry.first == expected, context)
                expected = entry.last + 1
                if case .reading(let reading) = entry {
                    #expect(reading == sampleReading(reading.sequence), context)
                } else if entry.first <= stored {
                    missing.formUnion(entry.first...min(entry.last, stored))
                }
            }
            #expect(expected == opened.next, context)
            // At most the blocks that hold the byte.
            let hit = blocks(in: good).filter { $0.range.contains(index) }
            #expect(missing.isSubset(of: Set(hit.flatMap { $0.header.first...$0.header.last })), context)
        }
    }

    /// A power cut may leave any part of the last commit. Nobody was promised that one, and nothing is damaged.
    @Test func aCommitThatWasCutOffIsNoDamage() async throws {
        var store = try place.store()
        let next = try await store.open().next
        try await store.reserve(ceiling: next + 4000, settled: nil)
        _ = try await store.commit(sampleEntries(next..<(next + 700))[...], settled: next - 1, state: nil)
        let before = place.bytes("outbox.db-wal").count
        _ = try await store.commit(
            sampleEntries((next + 700)..<(next + 3000))[...], settled: next - 1, state: OutboxState(), isStateDue: true)
        let files = ["outbox.db", "outbox.db-wal", "sequence"].map { ($0, place.bytes($0)) }
        try await store.close(next: next + 3000, settled: next - 1)
        let good = files[1].1
        let frames = Array(stride(from: before, to: good.count, by: 4120))
        #expect(frames.count > 4)
        let seed = UInt64.random(in: 0 ... .max)
        var random = Generator(state: seed)
        var taken = 0
        for round in 0..<40 {
            var lost = frames.filter { _ in Bool.random(using: &random) }
            // The most usual one.
            if round == 0 { lost = frames.suffix(1) }
            if lost.isEmpty { continue }
            var log = good
            for frame in lost { log.replaceSubrange(frame..<(frame + 4120), with: [UInt8](repeating: 0, count: 4120)) }
            for (name, bytes) in files { try place.write(name == "outbox.db-wal" ? log : bytes, to: name) }
            store = try place.store()
            let opened = try await store.open()
            let context: Comment = "without \(lost.map { ($0 - 32) / 4120 }), seed \(seed)"
            #expect(opened.report == nil, context)
            #expect(opened.gap?.reason == .restart, context)
            let all = try await store.all(after: next - 1, settled: next - 1, stored: opened.settled)
            var expected = next
            for entry in all {
                #expect(entry.first == expected, context)
                expected = entry.last + 1
                switch entry {
                case .reading(let reading): #expect(reading == sampleReading(reading.sequence), context)
                case .gap(let gap): #expect(gap.reason == .restart && gap.first >= next + 700, context)
                }
            }
            #expect(expected == opened.gap?.first && expected >= next + 700, context)
            taken += Int(clamping: expected - (next + 700))
            try await store.close(next: opened.next, settled: next - 1)
        }
        #expect(taken > 0)
    }

    /// What the first cut left lies behind what is written next, with the same salt.
    @Test func twoCutsSoonAfterEachOtherAreNoDamage() async throws {
        let names = ["outbox.db", "outbox.db-wal", "sequence"]
        var store = try place.store()
        let next = try await store.open().next
        try await store.reserve(ceiling: next + 4000, settled: nil)
        _ = try await store.commit(sampleEntries(next..<(next + 300))[...], settled: next - 1, state: nil)
        let start = place.bytes("outbox.db-wal").count
        _ = try await store.commit(
            sampleEntries((next + 300)..<(next + 2300))[...], settled: next - 1, state: OutboxState(), isStateDue: true)
        var files = names.map { ($0, place.bytes($0)) }
        try await store.close(next: next + 4000, settled: next - 1)
        // Of the first one only the end is left.
        let end = files[1].1.count
        files[1].1.replaceSubrange(start..<(end - 4120), with: [UInt8](repeating: 0, count: end - 4120 - start))
        for (name, bytes) in files { try place.write(bytes, to: name) }
        store = try place.store()
        let second = try await store.open()
        #expect(second.report == nil && second.settled >= next + 299)
        try await store.reserve(ceiling: second.next + 4000, settled: nil)
        var entries = sampleEntries(second.next..<(second.next + 500))
        if let gap = second.gap { entries.insert(.gap(gap), at: 0) }
        let before = place.bytes("outbox.db-wal")
        _ = try await store.commit(entries[...], settled: next - 1, state: nil)
        files = names.map { ($0, place.bytes($0)) }
        try await store.close(next: second.next + 4000, settled: next - 1)
        // Shorter than the one before, of which the end is still behind it; and its first frame is lost.
        #expect(files[1].1.count == end && before.count == end)
        let first = try #require(
            stride(from: start, to: end, by: 4120).first { before[$0..<($0 + 4120)] != files[1].1[$0..<($0 + 4120)] })
        files[1].1.replaceSubrange(first..<(first + 4120), with: [UInt8](repeating: 0, count: 4120))
        for (name, bytes) in files { try place.write(bytes, to: name) }
        let third = try await place.store().open()
        #expect(third.report == nil && third.settled >= next + 299)
        #expect(third.gap?.reason == .restart)
    }

    /// The log still has the blocks that were delivered and removed last.
    @Test func aLogOfDeliveredBlocksIsNotDamaged() async throws {
        var store = try place.store()
        let next = try await store.open().next
        var state = OutboxState()
        _ = try await store.commit(sampleEntries(next..<(next + 50))[...], settled: next - 1, state: state)
        state.cursors = ["mqtt": next + 49]
        _ = try await store.commit([], settled: next + 49, state: state)
        // As a power cut leaves them.
        let files = ["outbox.db", "outbox.db-wal", "sequence"].map { ($0, place.bytes($0)) }
        try await store.close(next: next + 50, settled: next + 49)
        for (name, bytes) in files { try place.write(bytes, to: name) }
        store = try place.store()
        let opened = try await store.open()
        #expect(opened.report == nil && opened.first == nil)
        #expect(opened.gap?.first == next + 50 && opened.gap?.reason == .restart)
    }

    /// Damage can bring back a time in which readings were there that have been dropped since. Receivers know of that.
    @Test func whatWasDroppedStaysDropped() async throws {
        let limits = OutboxStore.Limits(bytes: 128 << 10, age: 1 << 30)
        let store = try place.store(limits)
        let next = try await store.open().next
        var position = next
        var floor: UInt64 = 0
        for _ in 0..<60 {
            _ = try await store.commit(sampleEntries(position..<(position + 700))[...], settled: next - 1, state: nil)
            position += 700
            let first = try await store.entries(after: next - 1, settled: next - 1, stored: position - 1).entries.first
            if case .gap(let gap) = first { floor = gap.last }
        }
        #expect(floor > next + 20_000)
        // As a power cut leaves them.
        let files = ["outbox.db", "outbox.db-wal", "sequence"].map { ($0, place.bytes($0)) }
        try await store.close(next: position, settled: next - 1)
        var random = Generator(state: .random(in: 0 ... .max))
        for name in ["outbox.db", "outbox.db-wal"] {
            let good = files.first { $0.0 == name }?.1 ?? []
            for index in (0..<25).map({ $0 * good.count / 25 + Int.random(in: 0..<40, using: &random) }) {
                for (name, bytes) in files { try place.write(bytes, to: name) }
                var damaged = good
                damaged[index] ^= 1
                try place.write(damaged, to: name)
                let store = try place.store(limits)
                let opened = try await store.open()
                let last = max(opened.settled, position - 1)
                let all = try await store.all(after: next - 1, settled: next - 1, stored: opened.settled)
                let back = all.filter { if case .reading = $0 { $0.first <= floor } else { false } }
                let context: Comment = "byte \(index) of \(name)"
                #expect(back.isEmpty, context)
                // And nothing else is missing than the blocks that hold the byte: a page's, of less than 300 each.
                #expect(all.first?.first == next && UInt64(all.count) + 3 * 300 > last - floor, context)
            }
        }
    }

    /// Five thousand readings in blocks of all sizes.
    private func filled(inLog: Bool) async throws -> (next: UInt64, stored: UInt64) {
        let store = try place.store()
        let next = try await store.open().next
        var position = next
        for size in [1000, 1, 2, 3, 50, 500, 1, 1, 700, 2000, 742] as [UInt64] {
            _ = try await store.commit(
                sampleEntries(position..<(position + size))[...], settled: next - 1, state: nil)
            position += size
        }
        if inLog {
            // As a power cut leaves it; a closed database has no log.
            let files = ["outbox.db", "outbox.db-wal"].map { ($0, place.bytes($0)) }
            try await store.close(next: position, settled: next - 1)
            for (name, bytes) in files { try place.write(bytes, to: name) }
        } else {
            try await store.close(next: position, settled: next - 1)
        }
        return (next, position - 1)
    }

    private func blocks(in bytes: [UInt8]) -> [(range: Range<Int>, header: OutboxBlock.Header)] {
        bytes.withUnsafeBytes { bytes in
            bytes.indices.compactMap { index in
                OutboxBlock.header(UnsafeRawBufferPointer(rebasing: bytes[index...])).flatMap {
                    $0.kind == .readings ? (index..<(index + $0.length), $0) : nil
                }
            }
        }
    }
}

/// SplitMix64: chance that can be had again.
struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
