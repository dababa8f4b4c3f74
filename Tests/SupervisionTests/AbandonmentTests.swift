import Supervision
import Testing

@Suite(.timeLimit(.minutes(10)))
struct AbandonmentTests {
    /// Children that fall silent and ignore their cancellation.
    private func deaf(_ stage: Stage, _ names: [String]) -> [ChildSpec] {
        names.map { name in
            stage[name].react(.isDeaf)
            return stage.child(name, shutdown: .within(.seconds(1)))
        }
    }

    @Test func abandonedTasksAreCountedUntilTheyEnd() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(of: deaf(stage, ["a", "b"]))
            stage.start(root)
            for name in ["a", "b"] {
                let call = stage.call { try await root.stopChild(name) }
                _ = stage.pass(.seconds(1))
                try call.result()
            }
            var snapshot = try stage.snapshot(of: root)
            #expect(snapshot.abandoned == 2)
            #expect(snapshot.abandonedStillRunning == 2)
            _ = stage.after { stage["a"].release() }
            snapshot = try stage.snapshot(of: root)
            #expect(snapshot.abandoned == 2)
            #expect(snapshot.abandonedStillRunning == 1)
        }
    }

    @Test func tooManyThatStillRunEndTheSupervisor() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(
                abandonedLimit: 1, of: deaf(stage, ["a", "b", "c"]) + [stage.child("d")])
            stage.start(root)
            _ = stage.call { try await root.stopChild("a") }
            #expect(stage.pass(.seconds(1)).last == "a did not stop in its time: abandoned, 1 in all")
            let call = stage.call { try await root.stopChild("b") }
            #expect(
                stage.pass(.seconds(1)) == [
                    "b did not stop in its time: abandoned, 2 in all", "b is given up", "d stopped",
                ])
            #expect(stage.refusal(of: call) == "supervisor root does not run")
            #expect(stage.pass(.seconds(1)) == ["c did not stop in its time: abandoned, 3 in all"])
            #expect(stage.ending == "root has more than 1 children that ignore cancellation")
        }
    }

    @Test func thoseThatEndedAfterAllDoNotCount() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(abandonedLimit: 1, of: deaf(stage, ["a"]))
            stage.start(root)
            for round in 1...5 {
                let call = stage.call { try await root.stopChild("a") }
                _ = stage.pass(.seconds(1))
                try call.result()
                #expect(try stage.snapshot(of: root).abandoned == round)
                _ = stage.after { stage["a"].release() }
                try stage.ask { try await root.restartChild("a") }
            }
            #expect(stage.ending == nil)
        }
    }

    @Test func aLimitOfNoneToleratesNone() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(abandonedLimit: 0, of: deaf(stage, ["a"]))
            stage.start(root)
            _ = stage.call { try await root.stopChild("a") }
            #expect(stage.pass(.seconds(1)).last == "a is given up")
        }
    }

    @Test func whoIsNotWaitedForHasNotIgnoredAnything() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(
                abandonedLimit: 0, of: [stage.child("a", shutdown: .within(.zero)), stage.child("b")])
            stage.start(root)
            try stage.ask { try await root.stopChild("a") }
            #expect(stage.ending == nil)
            #expect(try stage.snapshot(of: root).abandonedStillRunning == 0)
        }
    }

    @Test func aNestedSupervisorThatAbandonsTooManyFailsUnderItsParentsRules() throws {
        try Stage.run { stage in
            let inner = try stage.supervisor(id: "inner", abandonedLimit: 0, of: deaf(stage, ["x"]))
            let root = try stage.supervisor(of: [inner.childSpec(), stage.child("a")])
            stage.start(root)
            _ = stage.call { try await inner.stopChild("x") }
            #expect(
                stage.pass(.seconds(1)).suffix(4) == [
                    "inner/x is given up",
                    "inner failed: root/inner has more than 0 children that ignore cancellation",
                    "inner/x started", "inner started again, restart 1",
                ])
        }
    }

    @Test func aDynamicSupervisorAbandonsAndCountsToo() throws {
        try Stage.run { stage in
            let pool = try stage.pool(shutdown: .within(.seconds(1)), abandonedLimit: 0)
            stage.start(pool)
            stage["x"].react(.isDeaf)
            let x = try #require(try stage.add("x", to: pool))
            _ = stage.call { try await pool.stopChild(x) }
            #expect(
                stage.pass(.seconds(1)).suffix(2)
                    == ["pool/pool#1 did not stop in its time: abandoned, 1 in all", "pool/pool#1 is given up"])
            #expect(stage.ending == "pool has more than 0 children that ignore cancellation")
        }
    }
}
