import Testing

@testable import Supervision

/// The three restart types under the three ways to end.
@Suite(.timeLimit(.minutes(10)))
struct RestartTypeTests {
    private static let oops = Model.Reason.failure("oops")

    private func afterEnd(_ restart: Restart, _ reason: Model.Reason) throws -> (news: [String], states: [String]) {
        var result: (news: [String], states: [String]) = ([], [])
        try Stage.run { stage in
            let root = try stage.supervisor(of: [stage.child("a", restart: restart), stage.child("b")])
            stage.start(root)
            let news = stage.after { stage["a"].end(reason) }
            result = (news, try stage.states(of: root))
        }
        return result
    }

    @Test func permanentNormal() throws {
        let after = try afterEnd(.permanent, .normal)
        #expect(after.news == ["a finished", "a started again, restart 1"])
        #expect(after.states == ["a running", "b running"])
    }

    @Test func permanentShutdown() throws {
        let after = try afterEnd(.permanent, .cancelled)
        #expect(after.news == ["a failed: CancellationError()", "a started again, restart 1"])
        #expect(after.states == ["a running", "b running"])
    }

    @Test func permanentAbnormal() throws {
        let after = try afterEnd(.permanent, Self.oops)
        #expect(after.news == ["a failed: oops", "a started again, restart 1"])
        #expect(after.states == ["a running", "b running"])
    }

    @Test func transientNormal() throws {
        let after = try afterEnd(.transient, .normal)
        #expect(after.news == ["a finished"])
        #expect(after.states == ["a stopped", "b running"])
    }

    @Test func transientShutdown() throws {
        let after = try afterEnd(.transient, .cancelled)
        #expect(after.news == ["a failed: CancellationError()"])
        #expect(after.states == ["a stopped", "b running"])
    }

    @Test func transientAbnormal() throws {
        let after = try afterEnd(.transient, Self.oops)
        #expect(after.news == ["a failed: oops", "a started again, restart 1"])
        #expect(after.states == ["a running", "b running"])
    }

    @Test func temporaryNormal() throws {
        let after = try afterEnd(.temporary, .normal)
        #expect(after.news == ["a finished"])
        #expect(after.states == ["b running"])
    }

    @Test func temporaryShutdown() throws {
        let after = try afterEnd(.temporary, .cancelled)
        #expect(after.news == ["a failed: CancellationError()"])
        #expect(after.states == ["b running"])
    }

    @Test func temporaryAbnormal() throws {
        let after = try afterEnd(.temporary, Self.oops)
        #expect(after.news == ["a failed: oops"])
        #expect(after.states == ["b running"])
    }

    @Test func aStoppedTransientChildCanBeStartedAgain() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(of: [stage.child("a", restart: .transient)])
            stage.start(root)
            _ = stage.after { stage["a"].returns() }
            try stage.ask { try await root.restartChild("a") }
            #expect(stage.news == ["a started again, restart 1"])
        }
    }

    @Test func theErrorOfAFailedChildReachesTheParent() throws {
        try Stage.run { stage in
            let inner = try stage.supervisor(id: "inner", intensity: 0, of: [stage.child("x")])
            let root = try stage.supervisor(intensity: 0, of: [inner.childSpec()])
            stage.start(root)
            let text = "root/inner/x needed more than 0 restarts within 5.0 seconds, the last error was: oops"
            #expect(
                stage.after { stage["x"].fails() }
                    == ["inner/x failed: oops", "inner/x is given up", "inner failed: \(text)", "inner is given up"])
            #expect(
                stage.ending == "root/inner needed more than 0 restarts within 5.0 seconds, the last error was: \(text)"
            )
        }
    }
}
