import Testing

@testable import Supervision

@Suite(.timeLimit(.minutes(10)))
struct StrategyTests {
    // MARK: One for one

    @Test func oneForOneEndsWhenAChildCannotBeRestarted() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(intensity: 2, of: [stage.child("a"), stage.child("b")])
            stage.start(root)
            stage["a"].plan([.fails, .fails, .fails])
            #expect(
                stage.after { stage["a"].fails() } == [
                    "a failed: oops", "a failed: no start", "a failed: no start", "a is given up", "b stopped",
                ])
            #expect(stage.ending?.hasSuffix("the last error was: no start") == true)
        }
    }

    @Test func aRestartThatFindsNothingToRunEndsTheChild() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(of: [stage.child("a"), stage.child("b")])
            stage.start(root)
            stage["a"].plan([.ignores])
            #expect(stage.after { stage["a"].fails() } == ["a failed: oops", "a has nothing to run"])
            #expect(try stage.states(of: root) == ["a stopped", "b running"])
        }
    }

    // MARK: Intensity

    @Test func aRestartCountsForExactlyThePeriod() throws {
        for (age, isTolerated) in [(Duration.milliseconds(4999), false), (.milliseconds(5000), true)] {
            try Stage.run { stage in
                let root = try stage.supervisor(of: [stage.child("a")])
                stage.start(root)
                _ = stage.after { stage["a"].fails() }
                _ = stage.pass(age)
                _ = stage.after { stage["a"].fails() }
                #expect(stage["a"].isRunning == isTolerated)
            }
        }
    }

    // MARK: One for all

    @Test func oneForAllRestartsAll() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(.oneForAll, of: [stage.child("a"), stage.child("b"), stage.child("c")])
            stage.start(root)
            #expect(
                stage.after { stage["b"].fails() } == [
                    "b failed: oops", "c stopped", "a stopped", "a started again, restart 1",
                    "b started again, restart 1", "c started again, restart 1",
                ])
            // All of it was one restart: the next is one too many.
            #expect(
                stage.after { stage["c"].fails() } == ["c failed: oops", "c is given up", "b stopped", "a stopped"])
        }
    }

    @Test func oneForAllEndsWhenTheChildCannotBeRestarted() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(.oneForAll, intensity: 2, of: [stage.child("a"), stage.child("b")])
            stage.start(root)
            stage["a"].plan([.fails, .fails])
            #expect(
                stage.after { stage["a"].fails() } == [
                    "a failed: oops", "b stopped", "a failed: no start", "a failed: no start", "a is given up",
                ])
        }
    }

    @Test func oneForAllBeginsAnewWhenASiblingFailsToRestart() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(
                .oneForAll, intensity: 2, of: [stage.child("a"), stage.child("b"), stage.child("c")])
            stage.start(root)
            stage["b"].plan([.fails])
            #expect(
                stage.after { stage["c"].fails() } == [
                    "c failed: oops", "b stopped", "a stopped", "a started again, restart 1", "b failed: no start",
                    "a stopped", "a started again, restart 2", "b started again, restart 1",
                    "c started again, restart 1",
                ])
        }
    }

    // MARK: Rest for one

    @Test func restForOneRestartsTheLaterOnes() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(.restForOne, of: [stage.child("a"), stage.child("b"), stage.child("c")])
            stage.start(root)
            #expect(
                stage.after { stage["b"].fails() } == [
                    "b failed: oops", "c stopped", "b started again, restart 1", "c started again, restart 1",
                ])
            #expect(
                stage.after { stage["a"].fails() } == ["a failed: oops", "a is given up", "c stopped", "b stopped"])
        }
    }

    @Test func restForOneEndsWhenTheChildCannotBeRestarted() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(.restForOne, of: [stage.child("a"), stage.child("b"), stage.child("c")])
            stage.start(root)
            stage["b"].plan([.fails])
            #expect(
                stage.after { stage["b"].fails() } == [
                    "b failed: oops", "c stopped", "b failed: no start", "b is given up", "a stopped",
                ])
        }
    }

    @Test func restForOneDoesNotRestartTwiceWhatCameBeforeASiblingThatFailsToRestart() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(
                .restForOne, intensity: 2, of: [stage.child("a"), stage.child("b"), stage.child("c")])
            stage.start(root)
            stage["b"].plan([.fails])
            #expect(
                stage.after { stage["a"].fails() } == [
                    "a failed: oops", "c stopped", "b stopped", "a started again, restart 1", "b failed: no start",
                    "b started again, restart 1", "c started again, restart 1",
                ])
        }
    }

    @Test(arguments: [Strategy.oneForAll, .restForOne])
    func aTemporarySiblingThatWasStoppedIsGone(strategy: Strategy) throws {
        try Stage.run { stage in
            let root = try stage.supervisor(
                strategy, of: [stage.child("a"), stage.child("b", restart: .temporary), stage.child("c")])
            stage.start(root)
            #expect(
                stage.after { stage["a"].fails() } == [
                    "a failed: oops", "c stopped", "b stopped", "a started again, restart 1",
                    "c started again, restart 1",
                ])
            #expect(try stage.states(of: root) == ["a running", "c running"])
        }
    }

    @Test func aGroupsRestartStartsThoseThatHadEndedToo() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(.oneForAll, of: [stage.child("a"), stage.child("b", restart: .transient)])
            stage.start(root)
            _ = stage.after { stage["b"].returns() }
            #expect(
                stage.after { stage["a"].fails() }
                    == ["a failed: oops", "a started again, restart 1", "b started again, restart 1"])
        }
    }

    // MARK: Order

    @Test(arguments: [Strategy.oneForOne, .oneForAll, .restForOne])
    func startsAsListedAndStopsInReverse(strategy: Strategy) throws {
        try Stage.run { stage in
            let names = ["a", "b", "c", "d"]
            let root = try stage.supervisor(strategy, of: names.map { stage.child($0) })
            #expect(stage.start(root) == names.map { "\($0) started" })
            #expect(stage.stop() == names.reversed().map { "\($0) stopped" })
        }
    }

    // MARK: Trees

    @Test func onlyTheFailedWorkerOfATreeIsRestarted() throws {
        try Stage.run { stage in
            let left = try stage.supervisor(id: "left", of: [stage.child("x"), stage.child("y")])
            let right = try stage.supervisor(.oneForAll, id: "right", of: [stage.child("u"), stage.child("v")])
            let root = try stage.supervisor(.oneForAll, of: [left.childSpec(), right.childSpec()])
            stage.start(root)
            #expect(
                stage.after { stage["x"].fails() } == ["left/x failed: oops", "left/x started again, restart 1"])
        }
    }

    @Test func escalationRestartsTheTreeWithoutThoseAddedAtRunTime() throws {
        try Stage.run { stage in
            let inner = try stage.supervisor(id: "inner", of: [stage.child("x")])
            let root = try stage.supervisor(of: [inner.childSpec(), stage.child("a")])
            stage.start(root)
            let spec = stage.child("y")
            try stage.ask { try await inner.startChild(spec) }
            _ = stage.after { stage["x"].fails() }
            let news = stage.after { stage["x"].fails() }
            #expect(news.prefix(3) == ["inner/x failed: oops", "inner/x is given up", "inner/y stopped"])
            #expect(news.suffix(2) == ["inner/x started", "inner started again, restart 1"])
            #expect(try stage.states(of: inner) == ["x running"])
        }
    }

    // MARK: Many failures at once

    @Test(arguments: [Strategy.oneForOne, .oneForAll, .restForOne])
    func allChildrenMayFailAtOnce(strategy: Strategy) throws {
        for seed in 0..<200 as Range<UInt64> {
            try Stage.run(seed: seed) { stage in
                let names = ["a", "b", "c", "d"]
                let root = try stage.supervisor(strategy, intensity: 4, of: names.map { stage.child($0) })
                stage.start(root)
                _ = stage.after { for name in names { stage[name].fails() } }
                #expect(try stage.states(of: root) == names.map { "\($0) running" })
                #expect(names.allSatisfy { stage[$0].isRunning })
            }
        }
    }
}
