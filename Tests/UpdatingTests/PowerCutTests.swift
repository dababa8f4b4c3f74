import BootState
import Bundle
import Card
import Glibc
import Testing

@testable import Updating

/// The proof that no power cut during an update bricks a device: every prefix of what the updater does to the card.
struct PowerCutTests {
    private static let seed: UInt64 = .random(in: .min ... .max)

    /// What a card may boot, and how often it did.
    private struct Judge {
        let versions: [TestFirmware]
        var states = 0
        var booted: [String: Int] = [:]

        /// The card must have a readable state, and boot one of the versions, all of it; returns which.
        mutating func judge(_ card: [UInt8], _ context: @autoclosure () -> String) -> String? {
            states += 1
            let copies = BootState.copyOffsets.map { Array(card[$0..<($0 + 512)]) }
            guard BootState.choose(copies[0], copies[1]) != nil else {
                Issue.record("no boot state can be read (\(context()))")
                return nil
            }
            var faults: [Slot: FailureReason] = [:]
            for slot in Slot.allCases where complete(card[TestCard.range(of: slot)]) == nil {
                faults[slot] = TestCard.fault(card[TestCard.range(of: slot)])
            }
            let selection = BootSelection(.init(copies: copies, faults: faults))
            guard let slot = selection.started else {
                Issue.record("nothing boots (\(context()))")
                return nil
            }
            guard let version = complete(card[TestCard.range(of: slot)]) else {
                Issue.record("slot \(slot) boots and is half written (\(context()))")
                return nil
            }
            // What is to be tried must be worth it: a power cut is no reason to lose an update.
            if let trial = BootState.choose(copies[0], copies[1])?.state.trial,
                complete(card[TestCard.range(of: trial.slot)]) == nil
            {
                Issue.record("slot \(trial.slot) is on trial and half written (\(context()))")
            }
            // Should the running slot fail as well, nothing may boot but a whole system.
            faults[slot] = .kernel
            if let other = BootSelection(.init(copies: copies, faults: faults)).started,
                complete(card[TestCard.range(of: other)]) == nil
            {
                Issue.record("slot \(other) would boot and is half written (\(context()))")
            }
            booted[version, default: 0] += 1
            return version
        }

        /// The version that all of the slot is of.
        private func complete(_ slot: ArraySlice<UInt8>) -> String? {
            versions.first { version in
                slot.withUnsafeBytes { a in
                    version.slot.withUnsafeBytes { b in
                        guard let a = a.baseAddress, let b = b.baseAddress else { return false }
                        return memcmp(a, b, version.slot.count) == 0
                    }
                }
            }?.version
        }
    }

    /// What an update writes must lie in its slot or in the boot state.
    private static func expectOnlyAllowedWrites(_ log: [TestCard.Operation], slot: Slot?) {
        for case .write(let bytes, let offset) in log {
            let isState = BootState.copyOffsets.contains(offset) && bytes.count == 512
            let range = offset..<(offset + bytes.count)
            let isSlot = slot.map { TestCard.range(of: $0).contains(range) } ?? false
            #expect(isState || isSlot, "write of \(bytes.count) bytes at \(offset)")
        }
    }

    private static let empty: [UInt8] = []

    /// What slot B holds before: nothing, an older version, garbage.
    enum Before: CaseIterable {
        case empty, older, garbage
    }

    private static func card(_ before: Before, old: TestFirmware, older: TestFirmware) throws -> TestCard {
        switch before {
        case .empty: try TestCard(a: old)
        case .older:
            try TestCard(
                a: old, b: older.installed,
                state: BootState.initial.startTrial(of: .b).confirm(running: .b).revert()
                    .confirm(running: .a))
        case .garbage: try TestCard(a: old, b: TestFirmware.fill(5, count: TestCard.slotSize))
        }
    }

    /// - Parameter flushDistance: bytes fetched between two flushes; with few of them many writes can be lost at once.
    @Test(arguments: Before.allCases, [32 * 1024, 1 << 30])
    func everyPrefixOfAnUpdateBoots(before: Before, flushDistance: Int) async throws {
        let older = try await TestFirmware(version: "0.9", root: [1, 2, 21, 22, 0, 0, 0, 3, 23, 24], system: 50)
        let old = try await TestFirmware(version: "1.0", root: [1, 2, 3, 4, 0, 5, 6, 7, 8, 9, 10])
        let new = try await TestFirmware(version: "1.1", root: [11, 2, 0, 14, 15, 5, 0, 3, 18, 9, 20, 21], system: 200)
        let card = try Self.card(before, old: old, older: older)
        let start = card.bytes
        let source = TestSource(new.bundle)
        var updater = try Updater(card)
        updater.pace.flushDistance = flushDistance
        _ = try updater.install(from: source)
        Self.expectOnlyAllowedWrites(card.log, slot: .b)

        var judge = Judge(versions: [older, old, new])
        var cuts = PowerCuts(start: start, log: card.log, random: Seeded(state: Self.seed))
        var resumed = 0
        var nested = 0
        let last = card.log.count
        try cuts.visit { bytes, operations, isWhole in
            let version = judge.judge(bytes, "after \(operations) of \(last) operations, seed \(Self.seed)")
            #expect(version != older.version)
            // Once the other version boots, it goes on doing so.
            if operations == last { #expect(version == new.version) }
            // The same update again, from where the cut left it. All of them would take minutes.
            guard isWhole || judge.states % 64 == 0 else { return }
            let again = TestCard(bytes)
            guard again.state?.trial == nil else { return }
            let rest = TestSource(new.bundle)
            let result = try Updater(again).install(from: rest)
            resumed += 1
            #expect(result.outcome == .installed)
            #expect(rest.fetched <= source.fetched)
            #expect(Array(again.bytes[TestCard.slotB].prefix(new.installed.count)) == new.installed)
            Self.expectOnlyAllowedWrites(again.log, slot: .b)
            // A second cut, during the second attempt.
            guard resumed % 12 == 0 else { return }
            nested += 1
            var more = PowerCuts(start: bytes, log: again.log, random: Seeded(state: Self.seed))
            more.visit { bytes, operations, _ in
                _ = judge.judge(bytes, "after \(operations) operations of the second attempt, seed \(Self.seed)")
            }
        }
        print(
            "power cuts, slot B \(before) before, \(last) operations: \(judge.states) states, booted \(judge.booted.sorted { $0.key < $1.key });",
            "\(resumed) updates resumed, \(nested) of them cut again everywhere; seed \(Self.seed)")
        #expect(judge.states > 2000)
        #expect(judge.booted[old.version] ?? 0 > 0)
        #expect(judge.booted[new.version] ?? 0 > 0)
    }

    /// What is done to the boot state by hand or by health.
    enum Change: CaseIterable {
        case confirm, rollBack, revert, beginUpdate, startTrial, adopt, giveUp

        func apply(_ state: BootState) throws(BootStateError) -> BootState {
            switch self {
            case .confirm: try state.confirm(running: .b)
            case .rollBack: try state.rollBack(.user)
            case .revert: try state.revert()
            case .beginUpdate: try state.beginUpdate(of: .b, running: .a)
            case .startTrial: try state.startTrial(of: .b)
            case .adopt: try state.adopt(running: .b, .kernel)
            case .giveUp: try state.giveUp(running: .a, .root)
            }
        }

        /// A state in which it can be done.
        var before: BootState {
            get throws {
                let good = try BootState.initial.startTrial(of: .b).confirm(running: .b).revert().confirm(running: .a)
                return switch self {
                case .confirm, .rollBack: try good.revert()
                case .revert, .beginUpdate, .adopt, .giveUp: good
                case .startTrial: .initial
                }
            }
        }
    }

    @Test(arguments: Change.allCases) func everyPrefixOfAChangeOfTheStateBoots(change: Change) async throws {
        let a = try await TestFirmware(version: "1.0", root: [1])
        let b = try await TestFirmware(version: "1.1", root: [2])
        let before = try change.before
        let after = try change.apply(before)
        // The copies as they are in the field: of different age.
        let card = try TestCard(a: a, b: b.installed, state: .initial)
        try card.write(before.encoded(), at: BootState.copyOffsets[1])
        let start = card.bytes
        let first = card.log.count
        try BootStateStore(card).write(change.apply)
        let log = Array(card.log[first...])
        Self.expectOnlyAllowedWrites(log, slot: nil)
        var judge = Judge(versions: [a, b])
        var cuts = PowerCuts(start: start, log: log, random: Seeded(state: Self.seed))
        cuts.visit { bytes, operations, _ in
            let context = "\(change), after \(operations) operations, seed \(Self.seed)"
            #expect(judge.judge(bytes, context) != nil)
            let copies = BootState.copyOffsets.map { Array(bytes[$0..<($0 + 512)]) }
            let state = BootState.choose(copies[0], copies[1])?.state
            #expect(state == before || state == after, "\(context)")
        }
        #expect(card.state == after)
        #expect(judge.states >= 5)
    }
}
