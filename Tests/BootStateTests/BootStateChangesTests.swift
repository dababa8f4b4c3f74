import Testing

@testable import BootState

struct BootStateChangesTests {
    private static let failed = BootState.Failure(of: .b, .app)
    private static let idle = BootStateTests.state(7, .a, lastFailure: failed)
    private static let tried = BootStateTests.state(7, .a, trial: BootState.Trial(of: .b), lastFailure: failed)

    @Test func anUpdateGoesFromBadThroughTrialToConfirmed() throws {
        let begun = try BootState.initial.beginUpdate(of: .b, running: .a)
        #expect(begun == BootStateTests.state(2, .a, bad: .b))
        let trial = try begun.startTrial(of: .b)
        #expect(trial == BootStateTests.state(3, .a, trial: BootState.Trial(of: .b)))
        #expect(trial.trial?.failuresLeft == 3)
        #expect(trial.trial?.startsLeft == 15)
        let confirmed = try trial.confirm(running: .b)
        #expect(confirmed == BootStateTests.state(4, .b))
        // And the next one goes into the other slot.
        #expect(try confirmed.beginUpdate(of: .a, running: .b) == BootStateTests.state(5, .b, bad: .a))
    }

    @Test func aRollbackLeavesTheSlotBadAndSaysWhy() throws {
        let state = try Self.tried.rollBack(.health)
        #expect(state == BootStateTests.state(8, .a, bad: .b, lastFailure: .init(of: .b, .health)))
        // What was told stays told.
        let again = try state.beginUpdate(of: .b, running: .a).startTrial(of: .b).confirm(running: .b)
        #expect(again.lastFailure == .init(of: .b, .health))
    }

    @Test func aRevertIsATrialOfTheOtherSlot() throws {
        #expect(try Self.idle.revert().trial == BootState.Trial(of: .b))
        let bad = BootStateTests.state(7, .a, bad: .b)
        #expect(throws: BootStateError.otherSlotBad(.b)) { try bad.revert() }
        #expect(throws: BootStateError.trialPending(.b)) { try Self.tried.revert() }
    }

    @Test func aFallbackIsAdopted() throws {
        let state = try Self.idle.adopt(running: .b, .kernel)
        #expect(state == BootStateTests.state(8, .b, bad: .a, lastFailure: .init(of: .a, .kernel)))
        #expect(throws: BootStateError.notFallback(.a)) { try Self.idle.adopt(running: .a, .kernel) }
        #expect(throws: BootStateError.notFallback(.b)) { try Self.tried.adopt(running: .b, .kernel) }
    }

    @Test func aDamagedSlotIsGivenUpOnlyForAnother() throws {
        #expect(
            try Self.idle.giveUp(running: .a, .root)
                == BootStateTests.state(8, .a, bad: .a, lastFailure: .init(of: .a, .root)))
        #expect(
            try Self.tried.giveUp(running: .b, .root)
                == BootStateTests.state(8, .a, bad: .b, lastFailure: .init(of: .b, .root)))
        let bad = BootStateTests.state(7, .a, bad: .b)
        #expect(throws: BootStateError.otherSlotBad(.b)) { try bad.giveUp(running: .a, .root) }
    }

    @Test func whatDoesNotApplyIsRefused() throws {
        #expect(throws: BootStateError.notConfirmed(running: .b)) { try Self.tried.beginUpdate(of: .a, running: .b) }
        #expect(throws: BootStateError.trialPending(.b)) { try Self.tried.beginUpdate(of: .b, running: .a) }
        #expect(throws: BootStateError.slotInUse(.a)) { try Self.idle.beginUpdate(of: .a, running: .a) }
        #expect(throws: BootStateError.updateNotBegun(.b)) { try Self.idle.startTrial(of: .b) }
        #expect(throws: BootStateError.slotInUse(.a)) { try Self.idle.startTrial(of: .a) }
        #expect(throws: BootStateError.trialPending(.b)) { try Self.tried.startTrial(of: .b) }
        #expect(throws: BootStateError.notOnTrial(.a)) { try Self.tried.confirm(running: .a) }
        #expect(throws: BootStateError.notOnTrial(.a)) { try Self.idle.confirm(running: .a) }
        #expect(throws: BootStateError.noTrial) { try Self.idle.rollBack(.user) }
    }
}
