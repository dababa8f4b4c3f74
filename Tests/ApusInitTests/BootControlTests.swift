import BootState
import Card
import Synchronization
import Testing

@testable import apus_init

struct BootControlTests {
    /// A card in memory.
    private final class Memory: BlockDevice {
        private let bytes = Mutex([UInt8](repeating: 0, count: 1 << 17))
        let refusesWrites = Atomic<Bool>(false)
        /// Another program has the lock.
        let isInUse = Atomic<Bool>(false)

        var size: Int { 1 << 17 }
        func read(at offset: Int, count: Int) throws(CardError) -> [UInt8] {
            bytes.withLock { Array($0[offset..<(offset + count)]) }
        }
        func readBack(at offset: Int, count: Int) throws(CardError) -> [UInt8] { try read(at: offset, count: count) }
        func write(_ new: [UInt8], at offset: Int) throws(CardError) {
            if refusesWrites.load(ordering: .relaxed) { throw .system(operation: "write", path: "card", code: 5) }
            bytes.withLock { $0.replaceSubrange(offset..<(offset + new.count), with: new) }
        }
        func flush() throws(CardError) {}
        func lock(_ range: Range<Int>) throws(CardError) -> Bool { !isInUse.load(ordering: .relaxed) }
    }

    private final class Notes: Sendable {
        private let notes = Mutex<[BootNote]>([])
        var last: BootNote? { notes.withLock { $0.last } }
        func add(_ note: BootNote) { notes.withLock { $0.append(note) } }
    }

    private let card = Memory()
    private let notes = Notes()
    private var store: BootStateStore { BootStateStore(card) }

    private func control(_ line: String) -> BootControl {
        BootControl(KernelArguments(line), card: card) { [notes] in notes.add($0) }
    }

    private func startTrial() throws {
        try store.write { state throws(BootStateError) in try state.startTrial(of: .b) }
    }

    @Test func readsTheKernelsArguments() {
        let arguments = KernelArguments("console=ttyS1 apus.slot=b quiet apus.why=a:kernel apus.note=0x47f00000\n")
        #expect(arguments.slot == .b)
        #expect(arguments.why == BootState.Failure(of: .a, .kernel))
        #expect(arguments.note == 0x47f0_0000)
        let none = KernelArguments("apus.slot=c apus.why=a apus.note=47f00000 apus.slot")
        #expect(none.slot == nil)
        #expect(none.why == nil)
        #expect(none.note == nil)
    }

    @Test func aHealthyTrialIsConfirmedOnce() throws {
        try startTrial()
        var control = control("apus.slot=b")
        #expect(control.isTrial)
        #expect(try control.healthy() == .confirmed)
        #expect(notes.last == BootNote(slot: .b, stage: .healthy))
        let state = try store.read()
        #expect(state?.active == .b)
        #expect(state?.trial == nil)
        #expect(!control.isTrial)
        #expect(try control.healthy() == .none)
        #expect(try store.read() == state)
    }

    @Test func aConfirmationTheCardRefusesIsTriedAgain() throws {
        try startTrial()
        var control = control("apus.slot=b")
        card.refusesWrites.store(true, ordering: .relaxed)
        #expect(throws: CardError.self) { try control.healthy() }
        card.refusesWrites.store(false, ordering: .relaxed)
        #expect(try control.healthy() == .confirmed)
    }

    /// PID 1 must go on, and come back.
    @Test func aVerdictWaitsForAnotherProgramsChange() throws {
        try startTrial()
        let before = try store.read()
        var control = control("apus.slot=b")
        card.isInUse.store(true, ordering: .relaxed)
        #expect(try control.healthy() == .postponed)
        #expect(notes.last == nil)
        #expect(try control.rollBack(.health) == .postponed)
        #expect(try control.giveUp(.root) == .postponed)
        #expect(try store.read() == before)
        card.isInUse.store(false, ordering: .relaxed)
        #expect(try control.healthy() == .confirmed)
        #expect(notes.last == BootNote(slot: .b, stage: .healthy))
    }

    @Test func theConfirmedSlotIsLeftAlone() throws {
        var control = control("apus.slot=a")
        #expect(try control.healthy() == .none)
        #expect(try control.rollBack(.app) == .none)
        #expect(try store.read() == nil)
        #expect(notes.last == BootNote(slot: .a, stage: .healthy))
    }

    @Test func aFallbackIsAdoptedWithItsReason() throws {
        try startTrial()
        try store.write { state throws(BootStateError) in try state.rollBack(.user) }
        var control = control("apus.slot=b apus.why=a:kernel")
        #expect(try control.healthy() == .adopted)
        let state = try store.read()
        #expect(state?.active == .b)
        #expect(state?.bad == .a)
        #expect(state?.lastFailure == BootState.Failure(of: .a, .kernel))
    }

    @Test func aTrialIsRolledBackForItsReason() throws {
        try startTrial()
        #expect(try control("apus.slot=b").rollBack(.health) == .givenUp)
        #expect(try store.read()?.lastFailure == BootState.Failure(of: .b, .health))
        #expect(try store.read()?.bad == .b)
    }

    @Test func aDamagedSlotIsGivenUpOnlyForABetterOne() throws {
        // Of a new card slot b is empty.
        #expect(throws: CardError.bootState(.otherSlotBad(.b))) { try control("apus.slot=a").giveUp(.root) }
        try startTrial()
        #expect(try control("apus.slot=b").giveUp(.root) == .givenUp)
        #expect(try store.read()?.lastFailure == BootState.Failure(of: .b, .root))
    }

    /// On a developer's machine, or when the card is gone.
    @Test func withoutSlotOrCardNothingIsDecided() throws {
        var control = control("quiet")
        control.tell(.running)
        #expect(notes.last == nil)
        #expect(try control.healthy() == .none)
        var cardless = BootControl(KernelArguments("apus.slot=b"), card: nil) { _ in }
        #expect(!cardless.isTrial)
        #expect(try cardless.healthy() == .none)
        #expect(try cardless.giveUp(.root) == .none)
    }
}
