import Monitoring
import Testing

@testable import Apus

/// What an app says of its sensors.
@Suite(.timeLimit(.minutes(10)))
struct SensorReportTreeTests {
    @Test func sensorsAreToldAsTheyAre() async throws {
        let bus = SimulatedI2C()
        let chip = SimulatedTMP105(celsius: 37.5)
        bus.attach(chip, at: 0x48)
        let port = I2CPort(simulated: bus, name: "i2c-9")
        let readings = Mailbox<Reading>(capacity: 10, overflow: .dropOldest)
        let (events, continuation) = AsyncStream.makeStream(of: SupervisorEvent.self)
        let supervisor = try Supervisor(
            "app",
            children: [
                Supervisor(
                    "inner",
                    children: [
                        Sensor(TMP102(on: port, address: 0x48), id: "there", every: .milliseconds(20), into: readings)
                            .childSpec
                    ]
                ).childSpec(),
                Sensor(TMP102(on: port, address: 0x49), id: "absent", every: .milliseconds(20), into: readings)
                    .childSpec,
            ], onEvent: { continuation.yield($0) })
        let run = Task { try await supervisor.run() }
        for await event in events {
            if case .restarting = event.kind, event.id == "absent" { break }
        }
        _ = try await readings.receive(upTo: 1)
        let report = SensorReport.current(await supervisor.snapshot())
        let there = try #require(report.sensors.first { $0.id == "there" })
        #expect(there.state == .running)
        #expect(there.values.map(\.content) == [.number(37.5)])
        #expect(there.values[0].quantity == "temperature" && there.values[0].unit == "Cel")
        #expect(there.values[0].age < .seconds(600))
        #expect((there.counts?.measurements ?? 0) >= 1 && there.counts?.errors == 0)
        let absent = try #require(report.sensors.first { $0.id == "absent" })
        #expect(absent.values.isEmpty)
        #expect(absent.lastError?.contains("no device answers at address 0x49 on i2c-9") == true)
        // Half a second after its first failure, which the machine may have let pass.
        #expect(absent.state == .restarting)
        #expect(absent.restartsIn.map { $0 <= .seconds(30) } ?? true)
        #expect((absent.counts?.errors ?? 0) >= 1)
        run.cancel()
        try? await run.value
        let stopped = SensorReport.current(await supervisor.snapshot()).sensors.first { $0.id == "there" }
        #expect(stopped?.state != .running)
    }

    @Test func aBusThatHangsIsToldEvenAfterItsDriversLetGoOfIt() async throws {
        let bus = SimulatedI2C()
        bus.script([.timeout, .timeout, .timeout], at: 0x48)
        let port = I2CPort(simulated: bus, name: "i2c-hung")
        for _ in 0..<3 { _ = try? await port.open().read(1, from: 0x48) }
        // Not one that nobody used.
        _ = I2CPort(simulated: bus, name: "i2c-unused")
        let tree = try await Supervisor("app", children: []).snapshot()
        let buses = SensorReport.current(tree).buses
        let hung = try #require(buses.first { $0.name == "i2c-hung" })
        #expect(hung.isHung && hung.timeouts == 3 && hung.transactions == 0)
        #expect(!buses.contains { $0.name == "i2c-unused" })
    }
}
