import Supervision
import Testing
import Threads

/// What cannot be, and calls at the wrong moment or from the wrong place: a typed error, never a trap or a deadlock.
@Suite(.timeLimit(.minutes(10)))
struct BadInputTests {
    private func expectRefused(_ reason: String, _ make: () throws -> Void) {
        let error = #expect(throws: SupervisionError.self) { try make() }
        #expect(error?.description == reason)
    }

    // MARK: What cannot be

    @Test(arguments: [
        (ChildSpec("") { park }, "its id is empty"),
        (ChildSpec("a", startDeadline: .zero) { park }, "its start deadline is not more than zero"),
        (ChildSpec("a", startDeadline: .seconds(-1)) { park }, "its start deadline is not more than zero"),
        (ChildSpec("a", liveness: .zero) { park }, "its liveness deadline is not more than zero"),
        (ChildSpec("a", liveness: .seconds(-1)) { park }, "its liveness deadline is not more than zero"),
        (ChildSpec("a", isSignificant: true) { park }, "a permanent child cannot be significant"),
    ])
    func impossibleSpecsAreRefused(spec: ChildSpec, reason: String) throws {
        let refusal = "supervisor root refuses the child \(spec.id): \(reason)"
        expectRefused(refusal) { _ = try Supervisor("root", autoShutdown: .anySignificant, children: [spec]) }
        try Stage.run { stage in
            let root = try stage.supervisor(autoShutdown: .anySignificant, of: [stage.child("b")])
            stage.start(root)
            stage.refuses(refusal) { try await root.startChild(spec) }
            stage.refuses(refusal) { try await root.reconfigure(children: [spec]) }
            #expect(try stage.states(of: root) == ["b running"])
        }
    }

    @Test(arguments: [Restart.transient, .temporary])
    func aSignificantChildNeedsASupervisorThatShutsDownForIt(restart: Restart) throws {
        let spec = ChildSpec("a", restart: restart, isSignificant: true) { park }
        expectRefused(
            "supervisor root refuses the child a: a significant child needs a supervisor that shuts down for it"
        ) { _ = try Supervisor("root", children: [spec]) }
        _ = try Supervisor("root", autoShutdown: .anySignificant, children: [spec])
        _ = try Supervisor("root", autoShutdown: .allSignificant, children: [spec])
    }

    @Test func duplicateIDsAreRefused() {
        expectRefused("supervisor root has two children named a") {
            _ = try Supervisor("root", children: [steady("a"), steady("b"), steady("a")])
        }
    }

    @Test func impossibleSupervisorsAreRefused() {
        let prefix = "supervisor root cannot be as asked: "
        expectRefused("supervisor  cannot be as asked: its id is empty") { _ = try Supervisor("", children: []) }
        expectRefused(prefix + "its intensity is negative") {
            _ = try Supervisor("root", intensity: Intensity(restarts: -1), children: [])
        }
        for period in [Duration.zero, .seconds(-1)] {
            expectRefused(prefix + "its intensity's period is not more than zero") {
                _ = try Supervisor("root", intensity: Intensity(restarts: 1, within: period), children: [])
            }
        }
        expectRefused(prefix + "its limit of abandoned children is negative") {
            _ = try Supervisor("root", abandonedLimit: -1, children: [])
        }
    }

    @Test func impossibleDynamicSupervisorsAreRefused() {
        expectRefused("supervisor pool cannot be as asked: its limit of children is negative") {
            _ = try DynamicSupervisor<Int>("pool", maxChildren: -1) { _ in park }
        }
        expectRefused("supervisor pool cannot be as asked: its limit of abandoned children is negative") {
            _ = try DynamicSupervisor<Int>("pool", abandonedLimit: -1) { _ in park }
        }
        expectRefused("supervisor pool cannot be as asked: its intensity is negative") {
            _ = try DynamicSupervisor<Int>("pool", intensity: Intensity(restarts: -1)) { _ in park }
        }
        expectRefused("supervisor pool refuses the child pool: its liveness deadline is not more than zero") {
            _ = try DynamicSupervisor<Int>("pool", liveness: .zero) { _ in park }
        }
        expectRefused("supervisor pool refuses the child pool: its start deadline is not more than zero") {
            _ = try DynamicSupervisor<Int>("pool", startDeadline: .zero) { _ in park }
        }
        expectRefused("supervisor  cannot be as asked: its id is empty") {
            _ = try DynamicSupervisor<Int>("") { _ in park }
        }
    }

    @Test func hugeTimesAreNoTrap() throws {
        try Stage.run { stage in
            // About 2^63 seconds: beyond what 64 bits of nanoseconds hold.
            let eternity = Duration.seconds(Int64.max)
            stage["a"].react(.isDeaf)
            let backoff = Backoff(initial: eternity, maximum: eternity, resetAfter: eternity)
            let root = try Supervisor(
                "root", intensity: Intensity(restarts: .max, within: eternity), abandonedLimit: .max,
                children: [
                    stage.child(
                        "a", shutdown: .within(.seconds(1)), backoff: backoff, startDeadline: .seconds(1_000_000_000),
                        liveness: .seconds(1_000_000_000))
                ], clock: stage.clock, onEvent: stage.note)
            #expect(stage.start(root) == ["a started"])
            #expect(stage.after { stage["a"].fails() }.count == 2)
            _ = stage.stop()
            #expect(stage.ending == "returned")
        }
    }

    // MARK: Calls on supervisors that do not run

    @Test func callsOnASupervisorThatDoesNotRunAreRefused() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(of: [stage.child("a")])
            let spec = stage.child("b")
            func expectRefusals() {
                let refusal = "supervisor root does not run"
                stage.refuses(refusal) { try await root.startChild(spec) }
                stage.refuses(refusal) { try await root.stopChild("a") }
                stage.refuses(refusal) { try await root.restartChild("a") }
                stage.refuses(refusal) { try await root.deleteChild("a") }
                stage.refuses(refusal) { try await root.reconfigure(strategy: .oneForAll) }
            }
            // Not yet, and no longer: after a stop and after it gave up.
            expectRefusals()
            stage.start(root)
            _ = stage.stop()
            expectRefusals()
            stage.start(root)
            _ = stage.after { stage["a"].fails() }
            _ = stage.after { stage["a"].fails() }
            #expect(stage.ending?.isEmpty == false)
            expectRefusals()
            // What only looks is answered.
            #expect(try stage.states(of: root) == ["a stopped"])
        }
    }

    @Test func callsOnADynamicSupervisorThatDoesNotRunAreRefused() throws {
        try Stage.run { stage in
            let pool = try stage.pool()
            stage.refuses("supervisor pool does not run") { try await pool.startChild("x") }
            stage.start(pool)
            let x = try #require(try stage.add("x", to: pool))
            _ = stage.stop()
            stage.refuses("supervisor pool does not run") { try await pool.startChild("y") }
            stage.refuses("supervisor pool does not run") { try await pool.stopChild(x) }
        }
    }

    @Test func callersThatWaitAreRefusedWhenTheSupervisorEnds() throws {
        try Stage.run { stage in
            stage["b"].plan([.hangs])
            let root = try stage.supervisor(of: [stage.child("a")])
            stage.start(root)
            let b = stage.child("b")
            let first = stage.call { try await root.startChild(b) }
            let second = stage.call { try await root.stopChild("a") }
            _ = stage.stop()
            #expect(stage.refusal(of: first) == "supervisor root does not run")
            #expect(stage.refusal(of: second) == "supervisor root does not run")
            #expect(stage.ending == "returned")
        }
    }

    @Test func aSupervisorRunsOnlyOnceAtATime() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(of: [stage.child("a")])
            stage.start(root)
            stage.refuses("supervisor root runs already") { try await root.run() }
            #expect(stage["a"].isRunning)
            #expect(stage.ending == nil)
        }
    }

    @Test func aSupervisorThatRunsCannotBecomeAChild() throws {
        try Stage.run { stage in
            let other = try stage.supervisor(id: "other", of: [stage.child("x")])
            stage.start(other)
            let root = try stage.supervisor(of: [other.childSpec()])
            #expect(
                stage.start(root) == ["other failed: supervisor other runs already", "other is given up"])
            #expect(stage["x"].isRunning)
            #expect(stage.ending == "root/other could not start: supervisor other runs already")
        }
    }

    @Test func aSupervisorCannotBeAChildOfItself() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(of: [stage.child("a")])
            stage.start(root)
            let itself = root.childSpec()
            stage.refuses("root/root could not start: supervisor root runs already") {
                try await root.startChild(itself)
            }
            #expect(try stage.states(of: root) == ["a running"])
        }
    }

    // MARK: Calls from inside a child

    private typealias Act = @Sendable (Supervisor) async throws -> Void

    private static let acts: [Act] = [
        { try await $0.startChild(ChildSpec("new") { park }) }, { try await $0.stopChild("a") },
        { try await $0.restartChild("a") }, { try await $0.deleteChild("a") },
        { try await $0.reconfigure(strategy: .oneForAll) },
    ]

    /// What the five calls answer where they are made.
    private final class Script: Sendable {
        private let supervisor = Lock<Supervisor?>(nil)
        private let refusals = Lock<[String]>([])

        var answers: [String] { refusals.withLock { $0 } }

        func call(on supervisor: Supervisor) { self.supervisor.withLock { $0 = supervisor } }

        func perform() async {
            guard let supervisor = supervisor.withLock({ $0 }) else { return }
            for act in BadInputTests.acts {
                do {
                    try await act(supervisor)
                    refusals.withLock { $0.append("done") }
                } catch {
                    refusals.withLock { $0.append("\(error)") }
                }
            }
            self.supervisor.withLock { $0 = nil }
        }
    }

    private let reentrant = Array(
        repeating: "supervisor root waits for the start function that called it: call it from the child's body",
        count: 5)

    @Test func aCallFromAChildsStartIsRefused() throws {
        try Stage.run { stage in
            let script = Script()
            let caller = ChildSpec("caller") {
                await script.perform()
                return park
            }
            let root = try stage.supervisor(of: [stage.child("a"), caller])
            script.call(on: root)
            #expect(stage.start(root) == ["a started", "caller started"])
            #expect(script.answers == reentrant)
        }
    }

    @Test func aCallFromAGrandchildsStartIsRefused() throws {
        try Stage.run { stage in
            let script = Script()
            let caller = ChildSpec("caller") {
                await script.perform()
                return park
            }
            let inner = try stage.supervisor(id: "inner", of: [caller])
            let root = try stage.supervisor(of: [stage.child("a"), inner.childSpec()])
            script.call(on: root)
            #expect(stage.start(root) == ["a started", "inner/caller started", "inner started"])
            #expect(script.answers == reentrant)
        }
    }

    @Test func aCallFromATaskThatTheStartWaitsForIsRefused() throws {
        try Stage.run { stage in
            let script = Script()
            let caller = ChildSpec("caller") {
                await Task { await script.perform() }.value
                return park
            }
            let root = try stage.supervisor(of: [stage.child("a"), caller])
            script.call(on: root)
            stage.start(root)
            #expect(script.answers == reentrant)
        }
    }

    @Test func aCallFromARestartsStartIsRefused() throws {
        for strategy in [Strategy.oneForOne, .oneForAll, .restForOne] {
            try Stage.run { stage in
                let script = Script()
                let performer = stage["caller"]
                let caller = ChildSpec("caller") {
                    await script.perform()
                    return try await performer.start()
                }
                let root = try stage.supervisor(strategy, of: [stage.child("a"), caller])
                stage.start(root)
                script.call(on: root)
                _ = stage.after { performer.fails() }
                #expect(script.answers == reentrant)
                #expect(performer.isRunning)
            }
        }
    }

    @Test func aCallFromADynamicChildsStartIsRefused() throws {
        try Simulation.run { simulation in
            let answer = Lock("")
            let itself = Lock<DynamicSupervisor<Int>?>(nil)
            let pool = try DynamicSupervisor<Int>("pool", clock: ManualClock()) { argument in
                do {
                    _ = try await itself.withLock { $0 }?.startChild(argument + 1)
                } catch {
                    answer.withLock { $0 = "\(error)" }
                }
                return park
            }
            itself.withLock { $0 = pool }
            let run = Call { try await pool.run() }
            simulation.settle()
            try simulation.call { _ = try await pool.startChild(1) }
            #expect(answer.withLock { $0 }.contains("waits for the start function that called it"))
            itself.withLock { $0 = nil }
            run.cancel()
            simulation.settle()
        }
    }

    @Test func callsFromABodyAreDone() throws {
        try Stage.run { stage in
            let script = Script()
            let caller = ChildSpec("caller") { { await script.perform() } }
            let root = try stage.supervisor(.restForOne, intensity: 9, of: [stage.child("a"), caller])
            script.call(on: root)
            stage.start(root)
            // In the order of the calls: a is stopped, started again, and may not be forgotten while it runs.
            #expect(
                script.answers == [
                    "done", "done", "done", "child a of supervisor root runs: stop it first", "done",
                ])
        }
    }

    @Test func callsFromAGrandchildsBodyAreDone() throws {
        try Stage.run { stage in
            let script = Script()
            let caller = ChildSpec("caller", restart: .transient) { { await script.perform() } }
            let inner = try stage.supervisor(id: "inner", of: [caller])
            let root = try stage.supervisor(of: [stage.child("a"), inner.childSpec()])
            script.call(on: root)
            stage.start(root)
            #expect(script.answers.first == "done")
            #expect(script.answers.count == 5)
        }
    }

    @Test func aChildThatStopsItselfOrItsParentIsNoDeadlock() throws {
        try Stage.run { stage in
            let parent = Lock<Supervisor?>(nil)
            let answers = Recorder()
            let caller = ChildSpec("caller") {
                {
                    do {
                        try await parent.withLock { $0 }?.stopChild("inner")
                        answers.note("done")
                    } catch {
                        answers.note("\(error)")
                        throw error
                    }
                }
            }
            let inner = try stage.supervisor(id: "inner", of: [caller])
            let root = try stage.supervisor(of: [inner.childSpec(), stage.child("a")])
            parent.withLock { $0 = root }
            #expect(
                stage.start(root) == [
                    "inner/caller started", "inner started", "a started", "inner/caller stopped", "inner stopped",
                ])
            #expect(answers.entries == ["CancellationError()"])
            #expect(try stage.states(of: root) == ["inner stopped", "a running"])
            parent.withLock { $0 = nil }
        }
    }

    @Test func twoSupervisorsThatWaitForEachOtherEndAtTheStartDeadline() throws {
        try Stage.run { stage in
            let (left, right) = (
                try stage.supervisor(id: "left", of: []), try stage.supervisor(id: "right", of: [])
            )
            let root = try stage.supervisor(of: [left.childSpec(), right.childSpec()])
            stage.start(root)
            let inner = ChildSpec("inner", startDeadline: .seconds(20)) {
                try await left.stopChild("nobody")
                return park
            }
            let outer = ChildSpec("outer", startDeadline: .seconds(30)) {
                try await right.startChild(inner)
                return park
            }
            let call = stage.call { try await left.startChild(outer) }
            #expect(!call.isOver)
            #expect(stage.pass(.seconds(20)).first?.hasPrefix("right/inner failed: root/right/inner did not") == true)
            #expect(stage.refusal(of: call)?.contains("root/right/inner could not start") == true)
            #expect(try stage.states(of: root) == ["left running", "right running"])
        }
    }

    // MARK: Starts that fail while all is failing

    @Test func startsThatThrowDuringEscalationAreNoDeadlock() throws {
        try Stage.run { stage in
            let inner = try stage.supervisor(.oneForAll, id: "inner", of: [stage.child("x"), stage.child("y")])
            let middle = try stage.supervisor(.restForOne, id: "middle", of: [inner.childSpec(), stage.child("m")])
            let root = try stage.supervisor(of: [middle.childSpec(), stage.child("a")])
            stage.start(root)
            stage["y"].plan(Array(repeating: .fails, count: 100))
            _ = stage.after { stage["x"].fails() }
            #expect(stage.ending?.contains("root/middle needed more than 1 restarts") == true)
            #expect(["x", "y", "m", "a"].allSatisfy { !stage[$0].isRunning })
        }
    }

    @Test func aStartThatHangsDuringEscalationEndsAtItsDeadline() throws {
        try Stage.run { stage in
            let inner = try stage.supervisor(id: "inner", intensity: 0, of: [stage.child("x"), stage.child("y")])
            let root = try stage.supervisor(intensity: 1, of: [inner.childSpec(), stage.child("a")])
            stage.start(root)
            stage["y"].plan([.hangsDeaf])
            _ = stage.after { stage["x"].fails() }
            #expect(stage.ending == nil)
            #expect(stage.pass(.seconds(60)) == ["inner/y failed: root/inner/y did not start within 60.0 seconds"])
            #expect(
                stage.pass(.seconds(5)).suffix(4) == [
                    "inner failed: root/inner/y could not start: root/inner/y did not start within 60.0 seconds",
                    "inner/x started", "inner/y started", "inner started again, restart 1",
                ])
        }
    }
}
