import Supervision
import Testing

/// Starts that take too long, and children that fall silent.
@Suite(.timeLimit(.minutes(10)))
struct DeadlineTests {
    private let backoff = Backoff(initial: .seconds(1), maximum: .seconds(8), resetAfter: .seconds(20), jitter: 0)

    // MARK: Start deadline

    @Test func aFirstStartThatNeverReturnsFailsTheSupervisor() throws {
        try Stage.run { stage in
            stage["b"].plan([.hangs])
            let root = try stage.supervisor(
                of: [stage.child("a"), stage.child("b", startDeadline: .seconds(3)), stage.child("c")])
            #expect(stage.start(root) == ["a started"])
            #expect(stage.pass(.milliseconds(2999)) == [])
            #expect(
                stage.pass(.milliseconds(1)) == [
                    "b failed: root/b did not start within 3.0 seconds", "b stopped", "b is given up", "a stopped",
                ])
            #expect(stage.ending == "root/b could not start: root/b did not start within 3.0 seconds")
        }
    }

    @Test func aStartThatIgnoresItsDeadlineIsAbandoned() throws {
        try Stage.run { stage in
            stage["b"].plan([.hangsDeaf])
            let root = try stage.supervisor(
                of: [
                    stage.child("a"),
                    stage.child("b", shutdown: .within(.seconds(1)), startDeadline: .seconds(3)),
                ])
            stage.start(root)
            #expect(stage.pass(.seconds(3)) == ["b failed: root/b did not start within 3.0 seconds"])
            #expect(
                stage.pass(.seconds(1)) == [
                    "b did not stop in its time: abandoned, 1 in all", "b is given up", "a stopped",
                ])
            // What its start makes after all is not run.
            #expect(stage.after { stage["b"].release() } == [])
            #expect(!stage["b"].isRunning)
        }
    }

    @Test func aRestartThatNeverReturnsIsOneFailureMore() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(intensity: 2, of: [stage.child("a"), stage.child("b")])
            stage.start(root)
            stage["a"].plan([.hangs])
            _ = stage.after { stage["a"].fails() }
            #expect(
                stage.pass(.seconds(60)) == [
                    "a failed: root/a did not start within 60.0 seconds", "a stopped", "a started again, restart 1",
                ])
        }
    }

    @Test func aCallThatStartsAChildFailsAtItsDeadline() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(of: [stage.child("a")])
            stage.start(root)
            stage["b"].plan([.hangs])
            let spec = stage.child("b", startDeadline: .seconds(1))
            let call = stage.call { try await root.startChild(spec) }
            #expect(!call.isOver)
            _ = stage.pass(.seconds(1))
            #expect(
                stage.refusal(of: call) == "root/b could not start: root/b did not start within 1.0 seconds")
            #expect(try stage.states(of: root) == ["a running"])
        }
    }

    @Test func withoutADeadlineAStartMayTakeAsLongAsItWants() throws {
        try Stage.run { stage in
            stage["a"].plan([.hangs])
            let root = try stage.supervisor(of: [stage.child("a", startDeadline: nil)])
            stage.start(root)
            #expect(stage.pass(.seconds(1_000_000)) == [])
            #expect(stage.after { stage["a"].release() } == ["a started"])
        }
    }

    @Test func aSiblingIsRestartedWhileAnotherStillStarts() throws {
        try Stage.run { stage in
            stage["b"].plan([.hangs])
            let root = try stage.supervisor(of: [stage.child("a"), stage.child("b")])
            stage.start(root)
            #expect(stage.after { stage["a"].fails() } == ["a failed: oops", "a started again, restart 1"])
            #expect(stage.after { stage["b"].release() } == ["b started"])
        }
    }

    // MARK: Liveness

    @Test func aSilentChildIsTreatedAsCrashed() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(of: [stage.child("a", liveness: .seconds(10)), stage.child("b")])
            stage.start(root)
            #expect(stage.pass(.milliseconds(9999)) == [])
            #expect(
                stage.pass(.milliseconds(1)) == [
                    "a failed: root/a gave no sign of life for 10.0 seconds", "a stopped",
                    "a started again, restart 1",
                ])
        }
    }

    @Test func aChildThatChecksInLivesOn() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(of: [stage.child("a", liveness: .seconds(10))])
            stage.start(root)
            for _ in 1...20 {
                #expect(stage.pass(.seconds(9)) == [])
                #expect(stage.after { stage["a"].checkIn() } == [])
            }
            #expect(stage.pass(.milliseconds(9999)) == [])
            #expect(stage.pass(.milliseconds(1)).count == 3)
        }
    }

    @Test func aSilentChildThatIgnoresItsCancellationIsAbandonedAndReplaced() throws {
        try Stage.run { stage in
            stage["a"].react(.isDeaf)
            let root = try stage.supervisor(
                of: [stage.child("a", shutdown: .within(.seconds(2)), liveness: .seconds(10)), stage.child("b")])
            stage.start(root)
            #expect(stage.pass(.seconds(10)) == ["a failed: root/a gave no sign of life for 10.0 seconds"])
            #expect(
                stage.pass(.seconds(2)) == [
                    "a did not stop in its time: abandoned, 1 in all", "a started again, restart 1",
                ])
            // What the abandoned one does is not taken for its successor's.
            #expect(stage.after { stage["a"].release() } == [])
            #expect(stage["a"].isRunning)
            #expect(stage.pass(.milliseconds(9999)) == [])
            #expect(stage.pass(.milliseconds(1)).first?.hasPrefix("a failed: root/a gave no sign") == true)
        }
    }

    @Test(arguments: [Restart.permanent, .transient, .temporary])
    func aMissedDeadlineCountsAsAnAbnormalEnd(restart: Restart) throws {
        try Stage.run { stage in
            let root = try stage.supervisor(
                of: [stage.child("a", restart: restart, liveness: .seconds(10)), stage.child("b")])
            stage.start(root)
            _ = stage.pass(.seconds(10))
            let expected = restart == .temporary ? ["b running"] : ["a running", "b running"]
            #expect(try stage.states(of: root) == expected)
        }
    }

    @Test func aGoodRunThatEndsInSilenceResetsTheBackOff() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(
                of: [stage.child("a", backoff: backoff, liveness: .seconds(30)), stage.child("b")])
            stage.start(root)
            for _ in 1...3 {
                #expect(stage.pass(.seconds(30)).last == "a restarts in 1.000 s")
                #expect(stage.pass(.seconds(1)).last?.hasPrefix("a started again") == true)
            }
        }
    }

    @Test func livenessIsKeptInNestedTreesByEachChildItself() throws {
        try Stage.run { stage in
            let inner = try stage.supervisor(
                id: "inner",
                of: [stage.child("x", liveness: .seconds(10)), stage.child("y", liveness: .seconds(10))])
            let root = try stage.supervisor(of: [inner.childSpec()])
            stage.start(root)
            _ = stage.pass(.seconds(5))
            _ = stage.after { stage["x"].checkIn() }
            #expect(stage.pass(.seconds(5)).first?.hasPrefix("inner/y failed") == true)
            #expect(stage.pass(.milliseconds(4999)) == [])
            #expect(stage.pass(.milliseconds(1)).first?.hasPrefix("inner/x failed") == true)
        }
    }

    @Test func checkingInOutsideOfEveryChildDoesNothing() {
        Liveness.checkIn()
    }
}
