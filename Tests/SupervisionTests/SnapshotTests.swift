import Testing

@testable import Supervision

@Suite(.timeLimit(.minutes(10)))
struct SnapshotTests {
    private let backoff = Backoff(initial: .seconds(1), maximum: .seconds(1), jitter: 0)

    @Test func showsEachChildInItsState() throws {
        try Stage.run { stage in
            for name in ["slow", "late"] { stage[name].plan([.hangs]) }
            stage["deaf"].react(.isDeaf)
            let root = try stage.supervisor(
                of: [
                    stage.child("a"), stage.child("waits", backoff: backoff), stage.child("done", restart: .transient),
                    stage.child("deaf"), stage.child("slow", startDeadline: nil), stage.child("late"),
                ])
            stage.start(root)
            #expect(
                try stage.states(of: root) == [
                    "a running", "waits running", "done running", "deaf running", "slow starting", "late stopped",
                ])
            _ = stage.after { stage["slow"].release() }
            _ = stage.after { stage["late"].release() }
            _ = stage.after { stage["waits"].fails() }
            _ = stage.after { stage["done"].returns() }
            stage["slow"].plan([.hangs])
            _ = stage.after { stage["slow"].fails() }
            _ = stage.call { try await root.stopChild("deaf") }
            #expect(
                try stage.states(of: root) == [
                    "a running", "waits restarting", "done stopped", "deaf stopping", "slow restarting",
                    "late running",
                ])
        }
    }

    @Test func tellsHowLongABackOffStillLasts() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(of: [stage.child("a"), stage.child("waits", backoff: backoff)])
            stage.start(root)
            _ = stage.after { stage["waits"].fails() }
            _ = stage.pass(.milliseconds(400))
            #expect(try stage.snapshot(of: root).children.map(\.restartsIn) == [nil, .milliseconds(600)])
            _ = stage.pass(.milliseconds(600))
            #expect(try stage.snapshot(of: root).children.map(\.restartsIn) == [nil, nil])
        }
    }

    @Test func looksUpOneChild() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(intensity: 9, of: [stage.child("a", liveness: .seconds(60))])
            stage.start(root)
            _ = stage.after { stage["a"].fails() }
            _ = stage.pass(.seconds(2))
            _ = stage.after { stage["a"].checkIn() }
            _ = stage.pass(.seconds(1))
            let snapshot = try stage.snapshot(of: root)
            let child = try #require(snapshot.children.first { $0.id == "a" })
            #expect(child.state == .running)
            #expect(child.restart == .permanent)
            #expect(child.restarts == 1)
            #expect(child.uptime == .seconds(3))
            #expect(child.livenessAge == .seconds(1))
            #expect((child.lastError as? Failure)?.description == "oops")
            #expect(child.mailbox == nil)
            #expect(child.supervisor == nil)
            #expect(!snapshot.children.contains { $0.id == "b" })
        }
    }

    @Test func showsMailboxes() throws {
        try Stage.run { stage in
            let mailbox = Mailbox<Int>(capacity: 2, overflow: .dropOldest)
            for number in 1...3 { _ = mailbox.offer(number) }
            let reader = ChildSpec("reader", mailbox: mailbox) { park }
            let root = try stage.supervisor(of: [reader])
            stage.start(root)
            let snapshot = try stage.snapshot(of: root)
            #expect(snapshot.children.first?.mailbox == mailbox.statistics)
            #expect(mailbox.statistics == MailboxStatistics(depth: 2, highWaterMark: 2, dropped: 1))
            #expect(snapshot.description.contains("mailbox 2, at most 2"))
        }
    }

    @Test func rendersTheTreeAsText() throws {
        try Stage.run { stage in
            let pool = try stage.pool(intensity: 3)
            let inner = try stage.supervisor(.restForOne, id: "inner", of: [stage.child("x"), stage.child("y")])
            let root = try stage.supervisor(
                .oneForAll, intensity: 3, of: [stage.child("a"), inner.childSpec(), pool.childSpec()])
            stage.start(root)
            try stage.ask { try await pool.startChild("z") }
            _ = stage.pass(.milliseconds(1500))
            _ = stage.after { stage["y"].fails() }
            #expect(
                try stage.snapshot(of: root).description == """
                    root (one-for-all, 0 of 3 restarts)
                    ├─ a running 1.500 s
                    ├─ inner running 1.500 s, rest-for-one
                    │  ├─ x running 1.500 s
                    │  └─ y running 0.000 s, 1 restarts, last error: oops
                    └─ pool running 1.500 s, one-for-one
                       └─ pool#1 running 1.500 s
                    """)
        }
    }

    @Test func aChildIsOneLineWhateverItsErrorSays() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(of: [stage.child("a", restart: .transient), stage.child("b")])
            stage.start(root)
            _ = stage.after { stage["a"].fails("first\nsecond") }
            #expect(try stage.snapshot(of: root).description.split(separator: "\n").count == 3)
        }
    }

    @Test func showsRecentRestartsOnlyAndForgetsNothingByLooking() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(intensity: 2, of: [stage.child("a")])
            stage.start(root)
            _ = stage.after { stage["a"].fails() }
            #expect(try stage.snapshot(of: root).recentRestarts == 1)
            _ = stage.pass(.seconds(5))
            #expect(try stage.snapshot(of: root).recentRestarts == 0)
            try stage.ask { try await root.reconfigure(intensity: Intensity(restarts: 1, within: .seconds(10))) }
            #expect(try stage.snapshot(of: root).recentRestarts == 1)
            #expect(stage.after { stage["a"].fails() }.last == "a is given up")
        }
    }

    @Test func answersWhileTheSupervisorWaitsForAChild() throws {
        try Stage.run { stage in
            stage["a"].plan([.hangs])
            let root = try stage.supervisor(of: [stage.child("a", startDeadline: nil)])
            #expect(try stage.states(of: root) == [])
            stage.start(root)
            #expect(try stage.states(of: root) == ["a starting"])
            #expect(try stage.counts(of: root) == ChildCounts(specs: 1, active: 0, workers: 1))
        }
    }

    @Test func countsNestedSupervisorsApart() throws {
        try Stage.run { stage in
            let (one, two) = (
                try stage.supervisor(id: "one", of: [stage.child("x")]), try stage.supervisor(id: "two", of: [])
            )
            let pool = try stage.pool()
            let root = try stage.supervisor(
                of: [one.childSpec(), two.childSpec(), pool.childSpec(), stage.child("a")])
            stage.start(root)
            try stage.ask { try await root.stopChild("two") }
            #expect(try stage.counts(of: root) == ChildCounts(specs: 4, active: 3, supervisors: 3, workers: 1))
        }
    }

    @Test func aRestartingChildIsKnownButNotActive() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(of: [stage.child("a", backoff: backoff), stage.child("b")])
            stage.start(root)
            _ = stage.after { stage["a"].fails() }
            #expect(try stage.counts(of: root) == ChildCounts(specs: 2, active: 1, workers: 2))
            _ = stage.pass(.seconds(1))
            #expect(try stage.counts(of: root) == ChildCounts(specs: 2, active: 2, workers: 2))
        }
    }
}
