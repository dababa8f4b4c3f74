import Testing
import Threads

@testable import Supervision

/// Children added, stopped, started, forgotten and changed while the supervisor runs.
@Suite(.timeLimit(.minutes(10)))
struct RunTimeTests {
    // MARK: One after the other

    @Test func theLifeOfAChildByCalls() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(of: [])
            stage.start(root)
            let spec = stage.child("a")
            try stage.ask { try await root.startChild(spec) }
            #expect(stage.news == ["a started"])
            stage.refuses("child a of supervisor root runs already") { try await root.startChild(spec) }
            stage.refuses("child a of supervisor root runs: stop it first") { try await root.restartChild("a") }
            stage.refuses("child a of supervisor root runs: stop it first") { try await root.deleteChild("a") }
            try stage.ask { try await root.stopChild("a") }
            #expect(stage.news == ["a stopped"])
            #expect(try stage.counts(of: root) == ChildCounts(specs: 1, active: 0, workers: 1))
            // Twice is as once.
            try stage.ask { try await root.stopChild("a") }
            stage.refuses("supervisor root has a child a that does not run: restart it, or delete it first") {
                try await root.startChild(spec)
            }
            try stage.ask { try await root.restartChild("a") }
            #expect(stage.news == ["a started again, restart 1"])
            try stage.ask { try await root.stopChild("a") }
            try stage.ask { try await root.deleteChild("a") }
            #expect(try stage.counts(of: root) == ChildCounts())
            let unknown = "supervisor root has no child a"
            stage.refuses(unknown) { try await root.stopChild("a") }
            stage.refuses(unknown) { try await root.restartChild("a") }
            stage.refuses(unknown) { try await root.deleteChild("a") }
            try stage.ask { try await root.startChild(spec) }
            #expect(stage.news == ["a stopped", "a started"])
        }
    }

    @Test func aTemporaryChildThatWasStoppedIsGone() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(of: [stage.child("a", restart: .temporary)])
            stage.start(root)
            try stage.ask { try await root.stopChild("a") }
            stage.refuses("supervisor root has no child a") { try await root.restartChild("a") }
            let spec = stage.child("a", restart: .temporary)
            try stage.ask { try await root.startChild(spec) }
            #expect(stage["a"].isRunning)
        }
    }

    @Test func aStoppedChildIsNotRestartedAlone() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(of: [stage.child("a"), stage.child("b")])
            stage.start(root)
            try stage.ask { try await root.stopChild("a") }
            _ = stage.after { stage["b"].fails() }
            #expect(try stage.states(of: root) == ["a stopped", "b running"])
        }
    }

    @Test func anAddedChildIsRestartedAndStoppedAsTheOthers() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(.restForOne, of: [stage.child("a")])
            stage.start(root)
            let spec = stage.child("b")
            try stage.ask { try await root.startChild(spec) }
            #expect(
                stage.after { stage["a"].fails() }.suffix(4) == [
                    "a failed: oops", "b stopped", "a started again, restart 1", "b started again, restart 1",
                ])
            #expect(stage.stop() == ["b stopped", "a stopped"])
        }
    }

    @Test func callsWaitTheirTurn() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(of: [stage.child("a")])
            stage.start(root)
            stage["b"].plan([.hangs])
            let (b, c) = (stage.child("b"), stage.child("c"))
            let first = stage.call { try await root.startChild(b) }
            let second = stage.call { try await root.startChild(c) }
            let third = stage.call { try await root.stopChild("b") }
            #expect(stage.news == [])
            #expect(stage.after { stage["b"].release() } == ["b started", "c started", "b stopped"])
            for call in [first, second, third] { try call.result() }
        }
    }

    @Test func aCallerThatIsCancelledStopsWaiting() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(of: [stage.child("a")])
            stage.start(root)
            stage["b"].plan([.hangs])
            let (b, c) = (stage.child("b"), stage.child("c"))
            let first = stage.call { try await root.startChild(b) }
            let second = stage.call { try await root.startChild(c) }
            first.cancel()
            second.cancel()
            #expect(stage.refusal(of: first) == "CancellationError()")
            #expect(stage.refusal(of: second) == "CancellationError()")
            // What had begun goes on, what had not is left out.
            #expect(stage.after { stage["b"].release() } == ["b started"])
            #expect(try stage.states(of: root) == ["a running", "b running"])
        }
    }

    @Test func aChildMayCallItsSupervisorFromItsBody() throws {
        try Stage.run { stage in
            let calls = Lock<Supervisor?>(nil)
            let spec = stage.child("b")
            let caller = ChildSpec("a") {
                {
                    guard let root = calls.withLock({ $0 }) else { return }
                    try await root.startChild(spec)
                    try await root.stopChild("b")
                    // Its own end: the call is cut off by it.
                    try await root.stopChild("a")
                }
            }
            let root = try stage.supervisor(of: [caller])
            calls.withLock { $0 = root }
            #expect(stage.start(root) == ["a started", "b started", "b stopped", "a stopped"])
            #expect(try stage.states(of: root) == ["a stopped", "b stopped"])
            calls.withLock { $0 = nil }
        }
    }

    // MARK: While a child is being restarted

    private let backoff = Backoff(initial: .seconds(1), maximum: .seconds(1), jitter: 0)
    private let restarting = "child a of supervisor root is being restarted: stop it first"

    private func expectRestarting(_ stage: Stage, _ root: Supervisor) throws {
        let counts = try stage.counts(of: root)
        #expect(counts.specs == 2)
        #expect(try stage.states(of: root).first == "a restarting")
        stage.refuses(restarting) { try await root.restartChild("a") }
        stage.refuses(restarting) { try await root.deleteChild("a") }
        let spec = stage.child("a")
        stage.refuses("supervisor root has a child a that does not run: restart it, or delete it first") {
            try await root.startChild(spec)
        }
    }

    @Test func whileAChildIsBeingRestartedItsStopEndsThat() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(of: [stage.child("a"), stage.child("b")])
            stage.start(root)
            stage["a"].plan([.hangs])
            #expect(stage.after { stage["a"].fails() }.last == "a failed: oops")
            try expectRestarting(stage, root)
            #expect(try stage.counts(of: root).active == 1)
            try stage.ask { try await root.stopChild("a") }
            #expect(try stage.states(of: root) == ["a stopped", "b running"])
            try stage.ask { try await root.restartChild("a") }
            #expect(stage["a"].isRunning)
        }
    }

    @Test func whileAChildIsBeingRestartedTheSupervisorCanBeStopped() throws {
        for strategy in [Strategy.oneForOne, .oneForAll, .restForOne] {
            for isDeaf in [false, true] {
                try Stage.run { stage in
                    let root = try stage.supervisor(strategy, of: [stage.child("a"), stage.child("b")])
                    stage.start(root)
                    stage["a"].plan([isDeaf ? .hangsDeaf : .hangs])
                    _ = stage.after { stage["a"].fails() }
                    _ = stage.stop()
                    #expect(stage.ending == (isDeaf ? nil : "returned"))
                    _ = stage.pass(.seconds(5))
                    #expect(stage.ending == "returned")
                }
            }
        }
    }

    @Test func whileADynamicChildIsBeingRestartedItsStopEndsThat() throws {
        try Stage.run { stage in
            let pool = try stage.pool()
            stage.start(pool)
            let x = try #require(try stage.add("x", to: pool))
            stage["x"].plan([.hangs])
            _ = stage.after { stage["x"].fails() }
            #expect(try stage.counts(of: pool) == ChildCounts(specs: 1, active: 0, workers: 1))
            try stage.ask { try await pool.stopChild(x) }
            #expect(try stage.counts(of: pool) == ChildCounts())
            #expect(stage.stop().isEmpty == false)
            #expect(stage.ending == "returned")
        }
    }

    @Test func aWaitForABackOffEndsWithAStop() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(of: [stage.child("a", backoff: backoff), stage.child("b")])
            stage.start(root)
            #expect(stage.after { stage["a"].fails() } == ["a failed: oops", "a restarts in 1.000 s"])
            try expectRestarting(stage, root)
            try stage.ask { try await root.stopChild("a") }
            #expect(stage.pass(.seconds(10)) == [])
            #expect(try stage.states(of: root) == ["a stopped", "b running"])
        }
    }

    /// OTP's hanging restart loop: a group whose restart fails again and again, and a call that ends it.
    @Test(arguments: [Strategy.oneForAll, .restForOne]) func aLoopOfFailingGroupRestartsHearsCalls(strategy: Strategy)
        throws
    {
        try Stage.run { stage in
            let root = try stage.supervisor(
                strategy, intensity: 1_000_000, of: [stage.child("a"), stage.child("b")])
            stage.start(root)
            stage["a"].plan(Array(repeating: .fails, count: 100_000))
            let stop = Lock<Call<Void>?>(nil)
            stage["a"].onStart = { count in
                if count == 50 { stop.withLock { $0 = Call { try await root.stopChild("a") } } }
            }
            let news = stage.after { stage["a"].fails() }
            #expect(news.count < 200)
            // The sibling that waited for it starts without it.
            #expect(news.last == "b started again, restart 1")
            try stop.withLock { try $0?.result() }
            #expect(try stage.states(of: root) == ["a stopped", "b running"])
        }
    }

    // MARK: Back-off of a group

    @Test func siblingsWaitForTheBackOffOfTheOneThatFailed() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(
                .restForOne, intensity: 0, of: [stage.child("a"), stage.child("b", backoff: backoff), stage.child("c")])
            stage.start(root)
            #expect(
                stage.after { stage["b"].fails() } == ["b failed: oops", "c stopped", "b restarts in 1.000 s"])
            #expect(try stage.states(of: root) == ["a running", "b restarting", "c restarting"])
            #expect(stage.pass(.milliseconds(999)) == [])
            #expect(
                stage.pass(.milliseconds(1)) == ["b started again, restart 1", "c started again, restart 1"])
        }
    }

    @Test func siblingsThatWaitStartWhenTheOneThatFailedIsStopped() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(
                .oneForAll, of: [stage.child("a", backoff: backoff), stage.child("b")])
            stage.start(root)
            _ = stage.after { stage["a"].fails() }
            try stage.ask { try await root.stopChild("a") }
            #expect(stage.news == ["b started again, restart 1"])
            #expect(try stage.states(of: root) == ["a stopped", "b running"])
        }
    }

    @Test func aTemporaryChildThatCannotStartWaitsForItsBackOffInAGroupToo() throws {
        try Stage.run { stage in
            stage["a"].plan([.fails, .fails])
            let root = try stage.supervisor(
                .oneForAll, of: [stage.child("a", restart: .temporary, backoff: backoff), stage.child("b")])
            #expect(stage.start(root) == ["a failed: no start", "a restarts in 1.000 s", "b started"])
            #expect(
                stage.pass(.seconds(1)) == ["a failed: no start", "b stopped", "a restarts in 1.000 s"])
            #expect(stage.pass(.seconds(1)) == ["a started", "b started again, restart 1"])
        }
    }

    // MARK: Reconfiguration

    @Test func aChangedSupervisorActsAsTold() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(intensity: 0, of: [stage.child("a"), stage.child("b")])
            stage.start(root)
            try stage.ask {
                try await root.reconfigure(strategy: .oneForAll, intensity: Intensity(restarts: 1, within: .seconds(9)))
            }
            let snapshot = try stage.snapshot(of: root)
            #expect(snapshot.strategy == .oneForAll)
            #expect(snapshot.intensity == Intensity(restarts: 1, within: .seconds(9)))
            #expect(
                stage.after { stage["b"].fails() }.suffix(3)
                    == ["a stopped", "a started again, restart 1", "b started again, restart 1"])
        }
    }

    @Test func newSpecsReplaceOldOnesWithoutTouchingWhatRuns() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(of: [stage.child("a"), stage.child("b"), stage.child("gone")])
            stage.start(root)
            let specs = [
                stage.child("a", restart: .temporary), stage.child("new"), ChildSpec("b") { throw Failure("changed") },
            ]
            try stage.ask { try await root.reconfigure(children: specs) }
            // Nothing starts, nothing stops, and what is not listed stays.
            #expect(stage.news == [])
            #expect(
                try stage.states(of: root) == ["a running", "b running", "gone running", "new stopped"])
            _ = stage.after { stage["a"].fails() }
            #expect(try stage.states(of: root) == ["b running", "gone running", "new stopped"])
            try stage.ask { try await root.restartChild("new") }
            #expect(stage.news.last == "new started")
            #expect(stage.after { stage["b"].fails() }.contains("b failed: changed"))
        }
    }

    @Test func aChangeOfNothingIsAccepted() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(.restForOne, of: [stage.child("a")])
            stage.start(root)
            try stage.ask { try await root.reconfigure() }
            #expect(try stage.snapshot(of: root).strategy == .restForOne)
            #expect(try stage.states(of: root) == ["a running"])
        }
    }

    @Test func changesAddUp() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(of: [stage.child("a")])
            stage.start(root)
            try stage.ask { try await root.reconfigure(strategy: .oneForAll) }
            try stage.ask { try await root.reconfigure(abandonedLimit: 0) }
            #expect(try stage.snapshot(of: root).strategy == .oneForAll)
        }
    }

    @Test func aRefusedChangeChangesNothing() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(
                autoShutdown: .anySignificant,
                of: [stage.child("a", restart: .transient, isSignificant: true), stage.child("b")])
            stage.start(root)
            let twice = [stage.child("n"), stage.child("n")]
            stage.refuses("supervisor root has two children named n") {
                try await root.reconfigure(strategy: .oneForAll, children: twice)
            }
            stage.refuses(
                "supervisor root refuses the child a: a significant child needs a supervisor that shuts down for it"
            ) { try await root.reconfigure(strategy: .oneForAll, autoShutdown: .never) }
            stage.refuses("supervisor root cannot be as asked: its intensity is negative") {
                try await root.reconfigure(strategy: .oneForAll, intensity: Intensity(restarts: -1))
            }
            stage.refuses("supervisor root cannot be as asked: its limit of abandoned children is negative") {
                try await root.reconfigure(strategy: .oneForAll, abandonedLimit: -1)
            }
            #expect(try stage.snapshot(of: root).strategy == .oneForOne)
            #expect(try stage.states(of: root) == ["a running", "b running"])
        }
    }

    @Test func aLifeKeepsTheDeadlinesItBeganWith() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(
                intensity: 9, of: [stage.child("a", liveness: .seconds(10)), stage.child("b")])
            stage.start(root)
            let specs = [stage.child("a"), stage.child("b", liveness: .seconds(3))]
            try stage.ask { try await root.reconfigure(children: specs) }
            _ = stage.news
            #expect(stage.pass(.seconds(9)) == [])
            #expect(stage.pass(.seconds(1)).last == "a started again, restart 1")
            _ = stage.after { stage["b"].fails() }
            #expect(stage.pass(.seconds(3)).last == "b started again, restart 2")
            #expect(stage.pass(.seconds(2)) == [])
        }
    }
}
