import Testing

@testable import Supervision

/// Many things at once, where no order is fixed: whatever happens, calls are answered and the end is the end.
@Suite(.timeLimit(.minutes(10)))
struct StormTests {
    private static let names = ["a", "b", "c", "d"]

    private static func tree(
        _ random: inout SeededGenerator, _ clock: any Clock<Duration>, _ spec: (String) -> ChildSpec
    ) throws -> (
        root: [ChildSpec], inner: Supervisor, pool: DynamicSupervisor<Int>
    ) {
        let strategies: [Strategy] = [.oneForOne, .oneForAll, .restForOne]
        let inner = try Supervisor(
            "inner", strategy: strategies.randomElement(using: &random) ?? .oneForOne,
            intensity: Intensity(restarts: 20), children: ["x", "y"].map(spec), clock: clock)
        let pool = try DynamicSupervisor<Int>(
            "pool", maxChildren: 5, intensity: Intensity(restarts: 20), clock: clock
        ) { number in
            { if number.isMultiple(of: 3) { throw Failure("third") } else { try await park() } }
        }
        return (names.map(spec) + [inner.childSpec(), pool.childSpec()], inner, pool)
    }

    /// One of the calls, whose answer does not matter as long as it comes.
    private static func call(_ choice: Int, _ root: Supervisor, _ pool: DynamicSupervisor<Int>) async {
        let name = names[choice % names.count]
        switch choice % 9 {
        case 0: try? await root.startChild(steady("new"))
        case 1: try? await root.stopChild(name)
        case 2: try? await root.restartChild(name)
        case 3: try? await root.deleteChild("new")
        case 4: try? await root.reconfigure(strategy: choice.isMultiple(of: 2) ? .oneForAll : .restForOne)
        case 5: _ = try? await pool.startChild(choice)
        case 6: _ = await root.snapshot().description
        case 7: try? await root.stopChild("inner")
        default: try? await root.restartChild("inner")
        }
    }

    /// In orders drawn from seeds.
    @Test func anyOrderOfManyThingsEndsInTheEnd() throws {
        for seed in 0..<500 as Range<UInt64> {
            try Simulation.run(seed: seed) { simulation in
                var random = SeededGenerator(seed: seed)
                let performers = Performers()
                let (children, _, pool) = try Self.tree(&random, ManualClock()) {
                    ChildSpec($0, start: performers[$0].start)
                }
                let root = try Supervisor(
                    "root", strategy: .oneForAll, intensity: Intensity(restarts: 20), children: children,
                    clock: ManualClock())
                let run = Call { try await root.run() }
                simulation.settle()
                var calls: [Call<Void>] = []
                for _ in 1...15 {
                    for name in Self.names + ["x", "y"] where Bool.random(using: &random) {
                        performers[name].fails()
                    }
                    for _ in 1...3 {
                        let choice = Int.random(in: 0..<1000, using: &random)
                        calls.append(Call { await Self.call(choice, root, pool) })
                    }
                    if Bool.random(using: &random) { calls.randomElement(using: &random)?.cancel() }
                    if Bool.random(using: &random) { simulation.settle() }
                }
                run.cancel()
                simulation.settle()
                #expect(run.isOver, "seed \(seed)")
                #expect(calls.allSatisfy { $0.isOver }, "seed \(seed)")
                #expect(performers.running.isEmpty, "seed \(seed)")
                let snapshot = try simulation.call { await root.snapshot() }
                #expect(snapshot.children.allSatisfy { $0.state == .stopped }, "seed \(seed)")
                #expect(snapshot.abandonedStillRunning == 0, "seed \(seed)")
            }
        }
    }

    /// On all threads of the pool and on the real clock: what the simulation cannot show, and sanitizers can.
    @Test func manyThreadsAtOnceEndInTheEnd() async throws {
        for seed in 0..<20 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            let lives = Recorder()
            let (children, _, pool) = try Self.tree(&random, ContinuousClock()) { id in
                ChildSpec(id, backoff: id == "b" ? Backoff(initial: .milliseconds(1), maximum: .milliseconds(2)) : nil)
                {
                    lives.note(id)
                    let count = lives.entries.count
                    return {
                        // Some fail at once, some a little later, most wait for their end.
                        if count.isMultiple(of: 5) { await Task.yield() }
                        if count.isMultiple(of: 3) { throw Failure("third") }
                        try await park()
                    }
                }
            }
            let root = try Supervisor(
                "root", strategy: .oneForOne, intensity: Intensity(restarts: 1000, within: .seconds(60)),
                children: children)
            let run = Task { try await root.run() }
            await withTaskGroup(of: Void.self) { group in
                for caller in 0..<4 {
                    group.addTask {
                        for round in 0..<50 { await Self.call(caller * 77 + round * 13, root, pool) }
                    }
                }
            }
            run.cancel()
            try? await run.value
            let snapshot = await root.snapshot()
            #expect(snapshot.children.allSatisfy { $0.state == .stopped })
            #expect(snapshot.abandoned == 0)
        }
    }
}
