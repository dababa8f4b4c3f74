import BootState
import Bundle
import Card
import Glibc
import Testing

@testable import Updating

/// Each refusal has its own error, its exit code, a remedy, and nothing is written.
struct RefusalTests {
    private static func old() async throws -> TestFirmware { try await TestFirmware(version: "1.0", root: [1, 2]) }

    private static func expect(
        _ expected: UpdateError, _ code: UpdateExitCode, _ card: TestCard,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ body: () throws -> Void
    ) {
        let before = card.bytes
        let error = #expect(throws: UpdateError.self, sourceLocation: sourceLocation, performing: body)
        #expect(error == expected, sourceLocation: sourceLocation)
        #expect(expected.exitCode == code, sourceLocation: sourceLocation)
        #expect(!expected.remedy.isEmpty && !expected.fact.isEmpty, sourceLocation: sourceLocation)
        #expect(card.log.isEmpty && card.bytes == before, sourceLocation: sourceLocation)
    }

    private static func install(_ bundle: [UInt8], _ card: TestCard, running: Slot = .a) throws {
        _ = try Updater(card, running: running).install(from: TestSource(bundle))
    }

    @Test func aBundleForAnotherBoard() async throws {
        let card = try await TestCard(a: Self.old())
        let new = try await TestFirmware(version: "1.1", root: [1], board: "other")
        Self.expect(.wrongBoard(bundle: "other", device: "test"), .wrongBoard, card) {
            try Self.install(new.bundle, card)
        }
    }

    @Test func anUnknownSigner() async throws {
        let card = try await TestCard(a: Self.old())
        let key = SigningKey()
        let new = try await TestFirmware(version: "1.1", root: [1], signedBy: [key])
        Self.expect(.bundle(.unknownSigner(keyIDs: [key.verificationKey.id])), .signature, card) {
            try Self.install(new.bundle, card)
        }
    }

    @Test func aChangedManifest() async throws {
        let card = try await TestCard(a: Self.old())
        var bundle = try await TestFirmware(version: "1.1", root: [1]).bundle
        bundle[BundleHead.prefixSize + 20] ^= 1
        Self.expect(.bundle(.badSignature(keyID: TestFirmware.key.verificationKey.id)), .signature, card) {
            try Self.install(bundle, card)
        }
    }

    @Test func aDeviceWithoutKeys() async throws {
        let card = try await TestCard(a: Self.old())
        let new = try await TestFirmware(version: "1.1", root: [1])
        Self.expect(.noTrustedKeys(folder: TrustedKeys.folder), .signature, card) {
            _ = try Updater(card, keys: []).install(from: TestSource(new.bundle))
        }
    }

    @Test func anOlderVersion() async throws {
        let card = try await TestCard(a: Self.old())
        let new = try await TestFirmware(version: "1.0~rc1", root: [1])
        Self.expect(.downgrade(from: "1.0", to: "1.0~rc1"), .downgrade, card) { try Self.install(new.bundle, card) }
        let updater = try Updater(card, allowsDowngrade: true)
        #expect(try updater.install(from: TestSource(new.bundle)).outcome == .installed)
    }

    @Test func aMinimumThatIsNotMet() async throws {
        let card = try await TestCard(a: Self.old())
        let new = try await TestFirmware(version: "3", root: [1], minimum: .init(version: "2.0"))
        Self.expect(.tooOld("version", has: "1.0", needs: "2.0"), .tooOld, card) { try Self.install(new.bundle, card) }
        let other = try await TestFirmware(version: "3", root: [1], minimum: .init(bootInterface: 2))
        Self.expect(.tooOld("boot interface", has: "1", needs: "2"), .tooOld, card) {
            try Self.install(other.bundle, card)
        }
    }

    @Test func aSlotImageThatDoesNotFit() async throws {
        let card = try await TestCard(a: Self.old())
        let new = try await TestFirmware(version: "1.1", root: Array(1...19))
        let needed = SlotDirectory.offset(payloadSize: new.slot.count) + SlotDirectory.prefixSize + new.headBytes.count
        Self.expect(.tooLargeForSlot(needed: needed, size: TestCard.slotSize), .tooLarge, card) {
            try Self.install(new.bundle, card)
        }
    }

    @Test func aRunningSlotThatIsNotConfirmed() async throws {
        let old = try await Self.old()
        let new = try await TestFirmware(version: "1.1", root: [1])
        let card = try TestCard(a: old, b: old.installed, state: BootState.initial.startTrial(of: .b))
        Self.expect(.notConfirmed(running: .b), .notConfirmed, card) {
            try Self.install(new.bundle, card, running: .b)
        }
        Self.expect(.trialPending(.b), .trialPending, card) { try Self.install(new.bundle, card) }
    }

    @Test func whatIsNoBundle() async throws {
        let card = try await TestCard(a: Self.old())
        Self.expect(.bundle(.notABundle), .notABundle, card) {
            try Self.install([UInt8](repeating: 7, count: 100), card)
        }
        Self.expect(.bundle(.truncated(size: 0)), .truncated, card) { try Self.install([], card) }
    }

    @Test func aSecondUpdate() throws {
        let path = "/tmp/apus-lock-\(UInt64.random(in: .min ... .max))"
        defer { unlink(path) }
        let lock = try UpdateLock(path)
        #expect(throws: UpdateError.alreadyRunning) { try UpdateLock(path) }
        #expect(UpdateError.alreadyRunning.exitCode == .alreadyRunning)
        withExtendedLifetime(lock) {}
        do { _ = try UpdateLock("/nonexistent/lock") } catch { #expect(error.exitCode == .failure) }
    }

    @Test func theSameBundleAgain() async throws {
        let old = try await Self.old()
        let card = try TestCard(a: old)
        let result = try Updater(card).install(from: TestSource(old.bundle))
        #expect(result.outcome == .alreadyInstalled)
        #expect(result.slot == .a)
        #expect(card.log.isEmpty)
    }

    @Test func aCardThatDoesNotKeepWhatIsWritten() async throws {
        let card = try await TestCard(a: Self.old())
        let new = try await TestFirmware(version: "1.1", root: [11, 12])
        card.wornOut = TestCard.slotB.lowerBound + 9000..<TestCard.slotB.lowerBound + 9001
        let place = TestCard.slotB.lowerBound + 8192
        #expect(throws: UpdateError.card(.writtenWrongly(path: "the card", offset: place))) {
            try Self.install(new.bundle, card)
        }
        #expect(card.state?.trial == nil)
    }

    /// A card that stops taking writes at any moment: the update fails and nothing is tried.
    @Test func aCardThatFails() async throws {
        let old = try await Self.old()
        let new = try await TestFirmware(version: "1.1", root: [11, 12])
        let whole = try TestCard(a: old)
        try Self.install(new.bundle, whole)
        for operation in 0..<whole.log.count {
            let card = try TestCard(a: old)
            card.failsAt = operation
            let error = #expect(throws: UpdateError.self) { try Self.install(new.bundle, card) }
            #expect(error?.exitCode == .card)
            // Whether the last write of all, the flip, came before its flush failed nobody can know.
            if operation < whole.log.count - 1 { #expect(card.state?.trial == nil) }
        }
    }

    /// All codes are in the table of docs/updates.md, each once.
    @Test func exitCodesDiffer() {
        #expect(Set(UpdateExitCode.allCases.map(\.rawValue)).count == UpdateExitCode.allCases.count)
    }
}
