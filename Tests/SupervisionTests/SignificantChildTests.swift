import Testing

@testable import Supervision

@Suite(.timeLimit(.minutes(10)))
struct SignificantChildTests {
    private static let oops = Model.Reason.failure("oops")

    private func withSupervisor(
        _ autoShutdown: AutoShutdown, _ restart: Restart, isSignificant: Bool = true,
        _ body: (Stage, Supervisor) throws -> Void
    ) throws {
        try Stage.run { stage in
            let root = try stage.supervisor(
                autoShutdown: autoShutdown,
                of: [
                    stage.child("a", restart: restart, isSignificant: isSignificant),
                    stage.child("b", restart: restart, isSignificant: isSignificant), stage.child("c"),
                ])
            stage.start(root)
            try body(stage, root)
        }
    }

    @Test(
        arguments: [Model.Reason.normal, .cancelled, .failure("oops")], [AutoShutdown.anySignificant, .allSignificant])
    func anInsignificantTemporaryChildEndsNothing(reason: Model.Reason, autoShutdown: AutoShutdown) throws {
        try withSupervisor(autoShutdown, .temporary, isSignificant: false) { stage, _ in
            _ = stage.after { stage["a"].end(reason) }
            _ = stage.after { stage["b"].end(reason) }
            #expect(stage.ending == nil)
            #expect(stage["c"].isRunning)
        }
    }

    @Test(
        arguments: [Model.Reason.normal, .cancelled, .failure("oops")], [AutoShutdown.anySignificant, .allSignificant])
    func anInsignificantTransientChildEndsNothing(reason: Model.Reason, autoShutdown: AutoShutdown) throws {
        try withSupervisor(autoShutdown, .transient, isSignificant: false) { stage, _ in
            _ = stage.after { stage["a"].end(reason) }
            #expect(stage.ending == nil)
            #expect(stage["c"].isRunning)
        }
    }

    @Test(arguments: [Model.Reason.normal, .cancelled, .failure("oops")])
    func anyEndOfASignificantTemporaryChildEndsTheSupervisor(reason: Model.Reason) throws {
        try withSupervisor(.anySignificant, .temporary) { stage, _ in
            #expect(stage.after { stage["a"].end(reason) }.suffix(2) == ["c stopped", "b stopped"])
            #expect(stage.ending == "returned")
        }
    }

    @Test(arguments: [Model.Reason.normal, .cancelled, .failure("oops")])
    func theLastSignificantTemporaryChildEndsTheSupervisor(reason: Model.Reason) throws {
        try withSupervisor(.allSignificant, .temporary) { stage, _ in
            _ = stage.after { stage["a"].end(reason) }
            #expect(stage.ending == nil)
            #expect(stage.after { stage["b"].end(reason) }.last == "c stopped")
            #expect(stage.ending == "returned")
        }
    }

    @Test(arguments: [Restart.transient, .temporary]) func aStopByACallEndsNothing(restart: Restart) throws {
        try withSupervisor(.anySignificant, restart) { stage, root in
            try stage.ask { try await root.stopChild("a") }
            #expect(stage.ending == nil)
            // Nor does a child that ends after that count as the last.
        }
        try withSupervisor(.allSignificant, restart) { stage, root in
            try stage.ask { try await root.stopChild("a") }
            try stage.ask { try await root.stopChild("b") }
            #expect(stage.ending == nil)
        }
    }

    @Test(arguments: [Model.Reason.normal, .cancelled])
    func aCleanEndOfASignificantTransientChildEndsTheSupervisor(reason: Model.Reason) throws {
        try withSupervisor(.anySignificant, .transient) { stage, _ in
            #expect(stage.after { stage["b"].end(reason) }.suffix(2) == ["c stopped", "a stopped"])
            #expect(stage.ending == "returned")
        }
        try withSupervisor(.allSignificant, .transient) { stage, _ in
            _ = stage.after { stage["b"].end(reason) }
            #expect(stage.ending == nil)
            _ = stage.after { stage["a"].end(reason) }
            #expect(stage.ending == "returned")
        }
    }

    @Test(arguments: [AutoShutdown.anySignificant, .allSignificant])
    func aSignificantTransientChildThatFailsIsRestarted(autoShutdown: AutoShutdown) throws {
        try withSupervisor(autoShutdown, .transient) { stage, _ in
            #expect(stage.after { stage["a"].fails() } == ["a failed: oops", "a started again, restart 1"])
            #expect(stage.ending == nil)
        }
    }

    @Test func aSignificantChildThatIsBeingRestartedIsNotGone() throws {
        try Stage.run { stage in
            let backoff = Backoff(initial: .seconds(1), maximum: .seconds(1), jitter: 0)
            let root = try stage.supervisor(
                autoShutdown: .allSignificant,
                of: [
                    stage.child("a", restart: .transient, backoff: backoff, isSignificant: true),
                    stage.child("b", restart: .transient, isSignificant: true),
                ])
            stage.start(root)
            _ = stage.after { stage["a"].fails() }
            _ = stage.after { stage["b"].returns() }
            #expect(stage.ending == nil)
            #expect(stage.pass(.seconds(1)) == ["a started again, restart 1"])
            _ = stage.after { stage["a"].returns() }
            #expect(stage.ending == "returned")
        }
    }

    @Test(arguments: [Strategy.oneForAll, .restForOne], [Restart.transient, .temporary])
    func aChildStoppedBecauseOfASiblingEndsNothing(strategy: Strategy, restart: Restart) throws {
        for autoShutdown in [AutoShutdown.anySignificant, .allSignificant] {
            try Stage.run { stage in
                let root = try stage.supervisor(
                    strategy, autoShutdown: autoShutdown,
                    of: [stage.child("a"), stage.child("b", restart: restart, isSignificant: true)])
                stage.start(root)
                _ = stage.after { stage["a"].fails() }
                #expect(stage.ending == nil)
                #expect(stage["a"].isRunning)
                #expect(stage["b"].isRunning == (restart == .transient))
            }
        }
    }

    @Test func anEndCascadesOnlyWhereTheSupervisorItselfIsSignificant() throws {
        for isSignificant in [true, false] {
            try Stage.run { stage in
                let inner = try stage.supervisor(
                    id: "inner", autoShutdown: .anySignificant,
                    of: [stage.child("x", restart: .transient, isSignificant: true), stage.child("y")])
                let root = try stage.supervisor(
                    autoShutdown: .anySignificant,
                    of: [inner.childSpec(restart: .transient, isSignificant: isSignificant), stage.child("a")])
                stage.start(root)
                let news = stage.after { stage["x"].returns() }
                #expect(news.prefix(3) == ["inner/x finished", "inner/y stopped", "inner finished"])
                #expect(stage.ending == (isSignificant ? "returned" : nil))
                #expect(stage["a"].isRunning != isSignificant)
            }
        }
    }

    @Test func anEndWhileOthersStillStartIsASuccess() throws {
        try Stage.run { stage in
            stage["b"].plan([.hangs])
            let root = try stage.supervisor(
                autoShutdown: .anySignificant,
                of: [
                    stage.child("a", restart: .transient, isSignificant: true), stage.child("b"), stage.child("c"),
                ])
            #expect(stage.start(root) == ["a started"])
            #expect(stage.after { stage["a"].returns() } == ["a finished", "b stopped"])
            #expect(stage.ending == "returned")
        }
    }

    // MARK: Changes at run time

    /// Two significant children; the first ends before the change, the second after it.
    private func change(from old: AutoShutdown, to new: AutoShutdown, endsAfterwards: Bool) throws {
        try Stage.run { stage in
            let significant = old != .never
            let specs = ["a", "b"].map { stage.child($0, restart: .temporary, isSignificant: significant) }
            let root = try stage.supervisor(autoShutdown: old, of: specs + [stage.child("c"), stage.child("d")])
            stage.start(root)
            let changed = ["a", "b"].map { stage.child($0, restart: .temporary, isSignificant: new != .never) }
            try stage.ask { try await root.reconfigure(autoShutdown: new, children: changed) }
            #expect(stage.ending == nil)
            _ = stage.after { stage["a"].returns() }
            #expect(stage.ending == (endsAfterwards ? "returned" : nil))
            if new == .allSignificant {
                _ = stage.after { stage["b"].returns() }
                #expect(stage.ending == "returned")
            }
        }
    }

    @Test func significantUpgradeNeverAny() throws {
        try change(from: .never, to: .anySignificant, endsAfterwards: true)
    }

    @Test func significantUpgradeAnyNever() throws {
        try change(from: .anySignificant, to: .never, endsAfterwards: false)
    }

    @Test func significantUpgradeNeverAll() throws {
        try change(from: .never, to: .allSignificant, endsAfterwards: false)
    }

    @Test func significantUpgradeAllNever() throws {
        try change(from: .allSignificant, to: .never, endsAfterwards: false)
    }

    @Test func significantUpgradeAnyAll() throws {
        try change(from: .anySignificant, to: .allSignificant, endsAfterwards: false)
    }

    @Test func significantUpgradeAllAny() throws {
        try change(from: .allSignificant, to: .anySignificant, endsAfterwards: true)
    }

    @Test func significantUpgradeChild() throws {
        for isSignificant in [true, false] {
            try Stage.run { stage in
                let root = try stage.supervisor(
                    autoShutdown: .anySignificant,
                    of: [stage.child("a", restart: .transient, isSignificant: !isSignificant), stage.child("b")])
                stage.start(root)
                let changed = stage.child("a", restart: .transient, isSignificant: isSignificant)
                try stage.ask { try await root.reconfigure(children: [changed]) }
                _ = stage.after { stage["a"].returns() }
                #expect(stage.ending == (isSignificant ? "returned" : nil))
            }
        }
    }
}
