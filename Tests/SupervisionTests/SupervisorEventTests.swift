import Supervision
import Testing

@Suite(.timeLimit(.minutes(10)))
struct SupervisorEventTests {
    @Test func eachEventTellsSupervisorChildAndReason() throws {
        try Simulation.run { simulation in
            let events = Mailbox<SupervisorEvent>(capacity: 10, overflow: .dropNewest)
            let child = ChildSpec("x", restart: .temporary) { { throw Failure("oops") } }
            let inner = try Supervisor("inner", children: [child])
            let root = try Supervisor("root", children: [inner.childSpec()]) { _ = events.offer($0) }
            let run = Call { try await root.run() }
            simulation.settle()
            let seen = try simulation.call { try await events.receive() }
            #expect(seen.count == 3)
            #expect(seen.map(\.path).first == ["root", "inner", "x"])
            let failure = seen.compactMap { event in
                if case .failed(let error) = event.kind { (event.path, "\(error)") } else { nil }
            }
            #expect(failure.map(\.0) == [["root", "inner", "x"]])
            #expect(failure.map(\.1) == ["oops"])
            run.cancel()
            simulation.settle()
        }
    }

    @Test func aDescriptionIsOneLineWhateverTheErrorSays() throws {
        try Simulation.run { simulation in
            let log = Recorder()
            let child = ChildSpec("x", restart: .temporary) { { throw Failure("first\nsecond\r\nthird") } }
            let root = try Supervisor("root", children: [child], onEvent: log.note)
            let run = Call { try await root.run() }
            simulation.settle()
            #expect(log.entries == ["root/x started", "root/x failed: first second third"])
            run.cancel()
            simulation.settle()
        }
    }
}
