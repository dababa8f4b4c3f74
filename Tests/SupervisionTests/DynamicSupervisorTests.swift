import Testing

@testable import Supervision

/// OTP's `simple_one_for_one`, with Elixir's limit of children.
@Suite(.timeLimit(.minutes(10)))
struct DynamicSupervisorTests {
    @Test func onlyTheFailedChildIsRestarted() throws {
        try Stage.run { stage in
            let pool = try stage.pool()
            stage.start(pool)
            try stage.ask { try await pool.startChild("x") }
            try stage.ask { try await pool.startChild("y") }
            #expect(stage.news == ["pool/pool#1 started", "pool/pool#2 started"])
            #expect(
                stage.after { stage["x"].fails() }
                    == ["pool/pool#1 failed: oops", "pool/pool#1 started again, restart 1"])
            #expect(stage["x"].isRunning && stage["y"].isRunning)
        }
    }

    @Test(
        arguments: [Restart.permanent, .transient, .temporary], [Model.Reason.normal, .cancelled, .failure("oops")])
    func theRestartTypesHoldHereToo(restart: Restart, reason: Model.Reason) throws {
        try Stage.run { stage in
            let pool = try stage.pool(restart: restart)
            stage.start(pool)
            try stage.ask { try await pool.startChild("x") }
            _ = stage.after { stage["x"].end(reason) }
            let isRestarted = restart == .permanent || (restart == .transient && reason.isFailure)
            #expect(stage["x"].isRunning == isRestarted)
            // One that has ended for good is forgotten.
            #expect(try stage.counts(of: pool).specs == (isRestarted ? 1 : 0))
        }
    }

    @Test func endsWithAllChildrenWhenTheIntensityIsExceeded() throws {
        try Stage.run { stage in
            let pool = try stage.pool(intensity: 0)
            stage.start(pool)
            try stage.ask { try await pool.startChild("x") }
            try stage.ask { try await pool.startChild("y") }
            _ = stage.news
            #expect(
                stage.after { stage["x"].fails() }
                    == ["pool/pool#1 failed: oops", "pool/pool#1 is given up", "pool/pool#2 stopped"])
            #expect(
                stage.ending
                    == "pool/pool#1 needed more than 0 restarts within 5.0 seconds, the last error was: oops")
        }
    }

    @Test func aRestartThatFailsIsTriedAgainUpToTheIntensity() throws {
        try Stage.run { stage in
            let pool = try stage.pool(intensity: 3)
            stage.start(pool)
            try stage.ask { try await pool.startChild("x") }
            stage["x"].plan([.fails, .fails])
            #expect(
                stage.after { stage["x"].fails() }.suffix(4) == [
                    "pool/pool#1 failed: oops", "pool/pool#1 failed: no start", "pool/pool#1 failed: no start",
                    "pool/pool#1 started again, restart 1",
                ])
            stage["x"].plan([.fails])
            #expect(stage.after { stage["x"].fails() }.last == "pool/pool#1 is given up")
        }
    }

    @Test func eachChildKeepsItsArgumentThroughRestarts() throws {
        try Simulation.run { simulation in
            let log = Recorder()
            let pool = try DynamicSupervisor<Int>("pool", intensity: Intensity(restarts: 9), clock: ManualClock()) {
                argument in
                log.note("\(argument)")
                return { if log.entries.count <= 4 { throw Failure("oops") } else { try await park() } }
            }
            let run = Call { try await pool.run() }
            simulation.settle()
            for argument in [7, 8] { try simulation.call { _ = try await pool.startChild(argument) } }
            #expect(log.entries == ["7", "7", "7", "7", "7", "8"])
            run.cancel()
            simulation.settle()
        }
    }

    @Test func aRestartThatFindsNothingToRunForgetsTheChild() throws {
        try Stage.run { stage in
            let pool = try stage.pool()
            stage.start(pool)
            try stage.ask { try await pool.startChild("x") }
            stage["x"].plan([.ignores])
            #expect(stage.after { stage["x"].fails() }.last == "pool/pool#1 has nothing to run")
            #expect(try stage.counts(of: pool) == ChildCounts())
        }
    }

    @Test func stopsItsChildrenAllAtTheSameTime() throws {
        try Stage.run { stage in
            let pool = try stage.pool(shutdown: .within(.seconds(5)))
            stage.start(pool)
            for name in ["x", "y", "z"] {
                stage[name].react(.isDeaf)
                try stage.ask { try await pool.startChild(name) }
            }
            _ = stage.news
            #expect(stage.stop() == [])
            #expect(stage.pass(.milliseconds(4999)) == [])
            #expect(stage.after { stage["y"].release() } == ["pool/pool#2 stopped"])
            // One shutdown time for all of them, not one each.
            #expect(stage.pass(.milliseconds(1)).count == 2)
            #expect(stage.ending == "returned")
        }
    }

    @Test func doesNotWaitForThoseWithoutShutdownTime() throws {
        try Stage.run { stage in
            let pool = try stage.pool(shutdown: .within(.zero))
            stage.start(pool)
            for name in ["x", "y"] {
                stage[name].react(.isDeaf)
                try stage.ask { try await pool.startChild(name) }
            }
            #expect(stage.stop().suffix(2).allSatisfy { $0.contains("abandoned") })
            #expect(stage.ending == "returned")
        }
    }

    @Test func anUnlimitedShutdownWaitsForAllOfThem() throws {
        try Stage.run { stage in
            let pool = try stage.pool(shutdown: .unlimited)
            stage.start(pool)
            for name in ["x", "y"] {
                stage[name].react(.isDeaf)
                try stage.ask { try await pool.startChild(name) }
            }
            _ = stage.stop()
            _ = stage.pass(.seconds(1_000_000))
            _ = stage.after { stage["x"].release() }
            #expect(stage.ending == nil)
            _ = stage.after { stage["y"].release() }
            #expect(stage.ending == "returned")
        }
    }

    @Test func oddEndsDuringTheStopAreReportedAndNotFatal() throws {
        try Stage.run { stage in
            let pool = try stage.pool()
            stage.start(pool)
            let reactions: [Performance.Reaction] = [.ends, .returns, .fails]
            for (name, reaction) in zip(["x", "y", "z"], reactions) {
                stage[name].react(reaction)
                try stage.ask { try await pool.startChild(name) }
            }
            _ = stage.news
            #expect(
                stage.stop().sorted()
                    == ["pool/pool#1 stopped", "pool/pool#2 stopped", "pool/pool#3 failed: no end"])
            #expect(stage.ending == "returned")
        }
    }

    @Test func aChildIsStoppedByItsHandleAlone() throws {
        try Stage.run { stage in
            let (pool, other) = (try stage.pool(), try stage.pool())
            stage.start(other)
            stage.start(pool)
            let x = try #require(try stage.add("x", to: pool))
            #expect(x.description == "pool#1")
            try stage.ask { try await pool.stopChild(x) }
            #expect(stage.news == ["pool/pool#1 started", "pool/pool#1 stopped"])
            // It is forgotten, and its number is not given again.
            stage.refuses("supervisor pool has no child #1") { try await pool.stopChild(x) }
            let y = try #require(try stage.add("y", to: pool))
            #expect(y.description == "pool#2")
            #expect(x != y)
        }
    }

    @Test func aForeignHandleIsRefused() throws {
        try Stage.run { stage in
            let pool = try stage.pool()
            let other = try DynamicSupervisor<Int>("other", clock: stage.clock) { _ in park }
            stage.start(other)
            stage.start(pool)
            try stage.ask { try await pool.startChild("x") }
            let foreign = try #require(try stage.add(1, to: other))
            stage.refuses("supervisor pool has no child other#1") { try await pool.stopChild(foreign) }
            #expect(stage["x"].isRunning)
        }
    }

    @Test func listsItsChildrenWithNumbersAndStates() throws {
        try Stage.run { stage in
            let pool = try stage.pool(backoff: Backoff(initial: .seconds(1), maximum: .seconds(1)))
            stage.start(pool)
            for name in ["x", "y"] { try stage.ask { try await pool.startChild(name) } }
            _ = stage.after { stage["x"].fails() }
            let children = try stage.ask { await pool.snapshot() }.children
            #expect(children.map(\.id) == ["pool#1", "pool#2"])
            #expect(children.map(\.state) == [.restarting, .running])
            #expect(children.first { $0.id == "pool#1" }.map { "\($0.lastError ?? Failure("none"))" } == "oops")
        }
    }

    // MARK: The limit of children

    @Test func takesNoMoreChildrenThanItsLimitAndAPlaceIsFreedByAnEnd() throws {
        try Stage.run { stage in
            let pool = try stage.pool(restart: .temporary, maxChildren: 2)
            stage.start(pool)
            let x = try #require(try stage.add("x", to: pool))
            try stage.ask { try await pool.startChild("y") }
            let refusal = "supervisor pool has 2 children and takes no more"
            stage.refuses(refusal) { try await pool.startChild("z") }
            try stage.ask { try await pool.stopChild(x) }
            try stage.ask { try await pool.startChild("z") }
            stage.refuses(refusal) { try await pool.startChild("u") }
            _ = stage.after { stage["y"].fails() }
            try stage.ask { try await pool.startChild("u") }
            #expect(try stage.counts(of: pool) == ChildCounts(specs: 2, active: 2, workers: 2))
        }
    }

    @Test(arguments: [Performance.Start.fails, .hangs])
    func aChildThatIsBeingRestartedStillCounts(start: Performance.Start) throws {
        try Stage.run { stage in
            let pool = try stage.pool(
                backoff: start == .fails ? Backoff(initial: .seconds(1), maximum: .seconds(1)) : nil, maxChildren: 1)
            stage.start(pool)
            try stage.ask { try await pool.startChild("x") }
            stage["x"].plan([start])
            _ = stage.after { stage["x"].fails() }
            #expect(try stage.counts(of: pool) == ChildCounts(specs: 1, active: 0, workers: 1))
            stage.refuses("supervisor pool has 1 children and takes no more") { try await pool.startChild("y") }
        }
    }

    @Test func aLimitOfNoneRefusesAll() throws {
        try Stage.run { stage in
            let pool = try stage.pool(maxChildren: 0)
            stage.start(pool)
            stage.refuses("supervisor pool has 0 children and takes no more") { try await pool.startChild("x") }
        }
    }

    // MARK: Many

    @Test func tenThousandTemporaryChildrenLeaveNothingBehind() throws {
        try Simulation.run { simulation in
            let pool = try DynamicSupervisor<Int>("pool", restart: .temporary, clock: ManualClock()) { _ in {} }
            let run = Call { try await pool.run() }
            simulation.settle()
            for number in 0..<10_000 { try simulation.call { _ = try await pool.startChild(number) } }
            #expect(try simulation.call { await pool.childCounts() } == ChildCounts())
            run.cancel()
            simulation.settle()
            #expect(run.isOver)
        }
    }

    @Test func tenThousandChildrenStartAndStop() throws {
        try Simulation.run { simulation in
            let pool = try DynamicSupervisor<Int>("pool", clock: ManualClock()) { _ in park }
            let run = Call { try await pool.run() }
            simulation.settle()
            try simulation.call { for number in 0..<10_000 { _ = try await pool.startChild(number) } }
            #expect(try simulation.call { await pool.childCounts() }.active == 10_000)
            run.cancel()
            simulation.settle()
            try run.result()
            #expect(try simulation.call { await pool.childCounts() } == ChildCounts())
        }
    }

    @Test(arguments: [1000, 2000]) func countsManyChildren(count: Int) throws {
        try Simulation.run { simulation in
            let pool = try DynamicSupervisor<Int>("pool", clock: ManualClock()) { _ in park }
            let run = Call { try await pool.run() }
            simulation.settle()
            try simulation.call { for number in 0..<count { _ = try await pool.startChild(number) } }
            #expect(
                try simulation.call { await pool.childCounts() }
                    == ChildCounts(specs: count, active: count, workers: count))
            run.cancel()
            simulation.settle()
        }
    }

    // MARK: As a child

    @Test func asAChildItHasNoneOfItsChildrenAfterARestart() throws {
        try Stage.run { stage in
            let pool = try stage.pool(intensity: 0)
            let root = try stage.supervisor(of: [pool.childSpec(), stage.child("a")])
            stage.start(root)
            try stage.ask { try await pool.startChild("x") }
            #expect(stage["x"].isRunning)
            stage["x"].fails()
            #expect(stage.news.last == "pool started again, restart 1")
            #expect(try stage.counts(of: pool) == ChildCounts())
            #expect(
                try stage.counts(of: root)
                    == ChildCounts(specs: 2, active: 2, supervisors: 1, workers: 1))
        }
    }
}
