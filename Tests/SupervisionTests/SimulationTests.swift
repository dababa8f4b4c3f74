import Supervision
import Testing

struct SimulationTests {
    @Test func runsASupervisorOnTheCallingThread() throws {
        for seed in 0..<50 as Range<UInt64> {
            try Simulation.run(seed: seed) { simulation in
                let log = Recorder()
                let puppet = Puppet()
                let supervisor = try Supervisor(
                    "root", children: [steady("a"), puppet.spec("b")], clock: ManualClock(), onEvent: log.note)
                let task = Task { try await supervisor.run() }
                #expect(log.entries == [])
                simulation.settle()
                #expect(log.entries == ["root/a started", "root/b started"])
                puppet.end("oops")
                #expect(log.entries.count == 2)
                simulation.settle()
                #expect(log.entries.suffix(2) == ["root/b failed: oops", "root/b started again, restart 1"])
                task.cancel()
                simulation.settle()
                #expect(log.entries.suffix(2) == ["root/b stopped", "root/a stopped"])
            }
        }
    }
}
