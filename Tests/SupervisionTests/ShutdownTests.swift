import Supervision
import Testing

@Suite(.timeLimit(.minutes(10)))
struct ShutdownTests {
    @Test func anUnlimitedShutdownWaitsHoweverLongItTakes() throws {
        try Stage.run { stage in
            stage["a"].react(.isDeaf)
            let root = try stage.supervisor(of: [stage.child("a", shutdown: .unlimited)])
            stage.start(root)
            #expect(stage.stop() == [])
            #expect(stage.pass(.seconds(1_000_000)) == [])
            #expect(stage.ending == nil)
            #expect(stage.after { stage["a"].release() } == ["a stopped"])
            #expect(stage.ending == "returned")
        }
    }

    @Test func eachChildHasAShutdownTimeOfItsOwn() throws {
        try Stage.run { stage in
            for name in ["a", "b"] { stage[name].react(.isDeaf) }
            let root = try stage.supervisor(
                of: [
                    stage.child("a", shutdown: .within(.seconds(2))), stage.child("b", shutdown: .within(.seconds(1))),
                ])
            stage.start(root)
            #expect(stage.stop() == [])
            #expect(stage.pass(.milliseconds(999)) == [])
            #expect(stage.pass(.milliseconds(1)) == ["b did not stop in its time: abandoned, 1 in all"])
            // The time of a counts from when it was told, not from when all was.
            #expect(stage.pass(.milliseconds(1999)) == [])
            #expect(stage.after { stage["a"].release() } == ["a stopped"])
            #expect(stage.ending == "returned")
        }
    }

    @Test func withoutShutdownTimeNobodyIsWaitedFor() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(of: [stage.child("a"), stage.child("b", shutdown: .within(.zero))])
            stage.start(root)
            #expect(stage.stop() == ["b did not stop in its time: abandoned, 1 in all", "a stopped"])
            #expect(!stage["b"].isRunning)
        }
    }

    @Test func aStopCallWaitsAsTheShutdownTimeSays() throws {
        try Stage.run { stage in
            stage["a"].react(.isDeaf)
            let root = try stage.supervisor(of: [stage.child("a", shutdown: .within(.seconds(1))), stage.child("b")])
            stage.start(root)
            let call = stage.call { try await root.stopChild("a") }
            #expect(!call.isOver)
            #expect(try stage.states(of: root) == ["a stopping", "b running"])
            #expect(stage.pass(.seconds(1)) == ["a did not stop in its time: abandoned, 1 in all"])
            try call.result()
            #expect(try stage.states(of: root) == ["a stopped", "b running"])
        }
    }

    /// Children end by themselves, in every way, while their supervisor stops them.
    @Test(arguments: [Restart.permanent, .transient, .temporary], [Strategy.oneForOne, .oneForAll, .restForOne])
    func theStopAlwaysEndsWhileChildrenEndByThemselves(restart: Restart, strategy: Strategy) throws {
        let reasons: [Model.Reason] = [.normal, .cancelled, .failure("oops")]
        for seed in 0..<150 as Range<UInt64> {
            try Stage.run(seed: seed) { stage in
                let names = ["a", "b", "c"]
                let root = try stage.supervisor(
                    strategy, intensity: 3, of: names.map { stage.child($0, restart: restart) })
                stage.start(root)
                // All at once: the seed decides who is first.
                _ = stage.after {
                    for (name, reason) in zip(names, reasons) { stage[name].end(reason) }
                    stage.cancel()
                }
                #expect(stage.ending == "returned")
                #expect(names.allSatisfy { !stage[$0].isRunning })
            }
        }
    }

    /// The same with a tree, whose supervisors start, restart and are stopped all at once.
    @Test func theStopOfATreeAlwaysEnds() throws {
        for seed in 0..<300 as Range<UInt64> {
            try Stage.run(seed: seed) { stage in
                let inner = try stage.supervisor(.oneForAll, id: "inner", of: [stage.child("x"), stage.child("y")])
                let root = try stage.supervisor(.restForOne, intensity: 3, of: [stage.child("a"), inner.childSpec()])
                stage.start(root)
                _ = stage.after {
                    stage["a"].fails()
                    stage["x"].fails()
                    stage["y"].fails()
                    stage.cancel()
                }
                #expect(stage.ending == "returned")
                #expect(["a", "x", "y"].allSatisfy { !stage[$0].isRunning })
            }
        }
    }

    @Test func aChildThatReturnsWhenToldToEndIsStopped() throws {
        try Stage.run { stage in
            stage["a"].react(.returns)
            let root = try stage.supervisor(of: [stage.child("a"), stage.child("b")])
            stage.start(root)
            #expect(stage.stop() == ["b stopped", "a stopped"])
        }
    }

    @Test func aStoppedSupervisorRunsAgainWithWhatItWasMadeWith() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(.oneForAll, of: [stage.child("a"), stage.child("b")])
            stage.start(root)
            let added = stage.child("c")
            try stage.ask { try await root.startChild(added) }
            try stage.ask { try await root.stopChild("a") }
            try stage.ask { try await root.deleteChild("a") }
            try stage.ask { try await root.reconfigure(strategy: .oneForOne) }
            _ = stage.stop()
            #expect(stage.start(root) == ["a started", "b started"])
            #expect(try stage.snapshot(of: root).strategy == .oneForAll)
        }
    }
}
