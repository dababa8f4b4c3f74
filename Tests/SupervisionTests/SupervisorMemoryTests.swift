import Testing

@testable import Supervision

/// What a child held is free when it is gone for good.
@Suite(.timeLimit(.minutes(10)))
struct SupervisorMemoryTests {
    private final class Load: Sendable {}

    /// A spec whose start function alone holds what is watched.
    private func loaded(_ stage: Stage, _ id: String, _ restart: Restart) -> (ChildSpec, () -> Bool) {
        let load = Load()
        let performer = stage[id]
        let spec = ChildSpec(id, restart: restart) { [load] in
            _ = load
            return try await performer.start()
        }
        return (spec, { [weak load] in load != nil })
    }

    @Test(
        arguments: [Model.Reason.normal, .cancelled, .failure("oops"), nil],
        [Strategy.oneForOne, .oneForAll, .restForOne])
    func aTemporaryChildThatEndedLeavesNothing(reason: Model.Reason?, strategy: Strategy) throws {
        try Stage.run { stage in
            let root = try stage.supervisor(strategy, of: [stage.child("b")])
            stage.start(root)
            let isAlive = try {
                let (spec, isAlive) = loaded(stage, "a", .temporary)
                try stage.ask { try await root.startChild(spec) }
                return isAlive
            }()
            #expect(isAlive())
            if let reason {
                _ = stage.after { stage["a"].end(reason) }
            } else {
                try stage.ask { try await root.stopChild("a") }
            }
            #expect(!isAlive())
            #expect(try stage.states(of: root) == ["b running"])
        }
    }

    @Test func aDeletedChildLeavesNothing() throws {
        try Stage.run { stage in
            let root = try stage.supervisor(of: [])
            stage.start(root)
            let isAlive = try {
                let (spec, isAlive) = loaded(stage, "a", .permanent)
                try stage.ask { try await root.startChild(spec) }
                return isAlive
            }()
            try stage.ask { try await root.stopChild("a") }
            #expect(isAlive())
            try stage.ask { try await root.deleteChild("a") }
            #expect(!isAlive())
        }
    }

    @Test(arguments: [Restart.permanent, .temporary]) func theArgumentOfADynamicChildGoesWithIt(restart: Restart) throws
    {
        try Simulation.run { simulation in
            let pool = try DynamicSupervisor<Load>("pool", restart: restart, clock: ManualClock()) { _ in park }
            let run = Call { try await pool.run() }
            simulation.settle()
            weak var weakLoad: Load?
            let child = try {
                let load = Load()
                weakLoad = load
                return try simulation.call { try await pool.startChild(load) }
            }()
            #expect(weakLoad != nil)
            let handle = try #require(child)
            try simulation.call { try await pool.stopChild(handle) }
            #expect(weakLoad == nil)
            run.cancel()
            simulation.settle()
        }
    }

    @Test func aSupervisorThatEndedIsFreed() throws {
        try Stage.run { stage in
            weak var weakRoot: Supervisor?
            try {
                let inner = try stage.supervisor(id: "inner", of: [stage.child("x", liveness: .seconds(9))])
                let root = try Supervisor("top", children: [inner.childSpec()], clock: stage.clock)
                weakRoot = root
                stage.start(root)
                _ = stage.stop()
            }()
            #expect(stage.ending == "returned")
            stage.forget()
            #expect(weakRoot == nil)
        }
    }
}
