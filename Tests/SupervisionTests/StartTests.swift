import Testing

@testable import Supervision

@Suite(.timeLimit(.minutes(10)))
struct StartTests {
    @Test func aChildWithNothingToRunIsKnownButNotActive() throws {
        try Stage.run { stage in
            stage["b"].plan([.ignores])
            let root = try stage.supervisor(of: [
                stage.child("a"), stage.child("b"), stage.child("c", restart: .transient),
            ])
            #expect(stage.start(root) == ["a started", "b has nothing to run", "c started"])
            #expect(try stage.counts(of: root) == ChildCounts(specs: 3, active: 2, workers: 3))
            #expect(try stage.states(of: root) == ["a running", "b stopped", "c running"])
            // Nobody restarts it, but it can be asked again.
            try stage.ask { try await root.restartChild("b") }
            #expect(stage.news == ["b started"])
        }
    }

    @Test func aTemporaryChildWithNothingToRunIsForgotten() throws {
        try Stage.run { stage in
            stage["b"].plan([.ignores])
            let root = try stage.supervisor(of: [stage.child("a"), stage.child("b", restart: .temporary)])
            #expect(stage.start(root) == ["a started", "b has nothing to run"])
            #expect(try stage.states(of: root) == ["a running"])
            stage["c"].plan([.ignores])
            let spec = stage.child("c", restart: .temporary)
            try stage.ask { try await root.startChild(spec) }
            #expect(stage.news == ["c has nothing to run"])
            #expect(try stage.states(of: root) == ["a running"])
        }
    }

    @Test(arguments: [Restart.permanent, .transient, .temporary])
    func aDynamicChildWithNothingToRunIsForgotten(restart: Restart) throws {
        try Stage.run { stage in
            stage["x"].plan([.ignores])
            let pool = try stage.pool(restart: restart)
            stage.start(pool)
            #expect(try stage.ask { try await pool.startChild("x") } == nil)
            #expect(stage.news == ["pool/pool#1 has nothing to run"])
            #expect(try stage.counts(of: pool) == ChildCounts())
            #expect(stage.stop() == [])
            #expect(stage.ending == "returned")
        }
    }

    @Test func aChildThatCannotBeAddedIsNotKept() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(of: [stage.child("a")])
            stage.start(root)
            stage["b"].plan([.fails])
            let spec = stage.child("b")
            stage.refuses("root/b could not start: no start") { try await root.startChild(spec) }
            #expect(stage.news == ["b failed: no start"])
            #expect(try stage.states(of: root) == ["a running"])
            try stage.ask { try await root.startChild(spec) }
            #expect(try stage.states(of: root) == ["a running", "b running"])
        }
    }

    @Test func aChildThatCannotStartAgainWhenAskedStaysStopped() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(of: [stage.child("a"), stage.child("b")])
            stage.start(root)
            try stage.ask { try await root.stopChild("a") }
            stage["a"].plan([.fails])
            stage.refuses("root/a could not start: no start") { try await root.restartChild("a") }
            #expect(stage.news.suffix(2) == ["a stopped", "a failed: no start"])
            #expect(try stage.states(of: root) == ["a stopped", "b running"])
        }
    }

    @Test func aDynamicChildThatCannotStartIsNotKept() throws {
        try Stage.run { stage in
            let pool = try stage.pool()
            stage.start(pool)
            stage["x"].plan([.fails])
            stage.refuses("pool/pool#1 could not start: no start") { try await pool.startChild("x") }
            #expect(try stage.counts(of: pool) == ChildCounts())
        }
    }

    @Test func aSpecIsAsInOTPUnlessToldOtherwise() throws {
        let spec = ChildSpec("a") { park }
        #expect(spec.restart == .permanent)
        #expect(spec.shutdown == .within(.seconds(5)))
        #expect(!spec.isSignificant)
        #expect(spec.backoff == nil)
        #expect(spec.startDeadline == .seconds(60))
        #expect(spec.liveness == nil)
        #expect(Intensity() == Intensity(restarts: 1, within: .seconds(5)))
        let nested = try Supervisor("inner", children: []).childSpec()
        #expect(nested.restart == .permanent)
        #expect(nested.shutdown == .unlimited)
        #expect(nested.startDeadline == nil)
    }

    @Test func aSpecCanBeChangedBeforeItIsUsed() throws {
        try Stage.run { stage in
            var spec = stage.child("a")
            spec.restart = .temporary
            spec.shutdown = .unlimited
            let root = try stage.supervisor(of: [spec, stage.child("b")])
            stage.start(root)
            _ = stage.after { stage["a"].fails() }
            #expect(try stage.states(of: root) == ["b running"])
        }
    }

    @Test func aRestartedChildRunsWhatItsStartReturnedThen() throws {
        Simulation.run { simulation in
            let log = Recorder()
            let child = ChildSpec("a") {
                log.note("start")
                let life = log.entries.count
                return {
                    log.note("body \(life)")
                    if life == 1 { throw Failure("oops") }
                    try await park()
                }
            }
            let run = Call { try await Supervisor("root", children: [child], clock: ManualClock()).run() }
            simulation.settle()
            #expect(log.entries == ["start", "body 1", "start", "body 3"])
            run.cancel()
            simulation.settle()
        }
    }

    @Test func theSpecOfAChildCanBeAskedFor() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(of: [stage.child("a", restart: .transient, shutdown: .unlimited)])
            // Whether it runs or not.
            #expect(try stage.ask { await root.spec(of: "a")?.restart } == .transient)
            stage.start(root)
            #expect(try stage.ask { await root.spec(of: "a")?.shutdown } == .unlimited)
            #expect(try stage.ask { await root.spec(of: "b")?.id } == nil)
            let spec = stage.child("b", restart: .temporary)
            try stage.ask { try await root.startChild(spec) }
            #expect(try stage.ask { await root.spec(of: "b")?.restart } == .temporary)
        }
    }

    @Test func theOutermostSupervisorSpeaksOfItsChildrenOnly() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(of: [])
            #expect(stage.start(root) == [])
            #expect(stage.stop() == [])
        }
    }

    @Test func aSupervisorMayStartWithoutKnowingItsLaterChildren() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(of: [stage.child("a")])
            stage.start(root)
            let (b, c) = (stage.child("b"), stage.child("c"))
            try stage.ask { try await root.startChild(b) }
            try stage.ask { try await root.startChild(c) }
            #expect(stage.news == ["b started", "c started"])
            #expect(stage.stop() == ["c stopped", "b stopped", "a stopped"])
        }
    }

    @Test func aNestedSupervisorMayBeAddedAtRunTime() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(of: [])
            stage.start(root)
            let inner = try stage.supervisor(id: "inner", of: [stage.child("x")]).childSpec()
            try stage.ask { try await root.startChild(inner) }
            #expect(stage.news == ["inner/x started", "inner started"])
            try stage.ask { try await root.stopChild("inner") }
            #expect(stage.news == ["inner/x stopped", "inner stopped"])
        }
    }
}
