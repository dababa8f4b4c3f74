import Glibc
import Hardware
import Sensors
import Supervision
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(10)))
struct SensorTests {
    private let fixture = Fixture()

    /// Counts its samples; each takes as long as told.
    private final class Counter: PolledDriver {
        let id = "counter"
        private let clock: ManualClock
        private let count = Atomic<Int>(0)
        private let slowness: @Sendable (Int) -> Duration

        init(_ clock: ManualClock, slowness: @escaping @Sendable (Int) -> Duration = { _ in .zero }) {
            self.clock = clock
            self.slowness = slowness
        }

        func open() {}

        func sample(_ device: Void) -> [Measurement] {
            let count = count.wrappingAdd(1, ordering: .relaxed).newValue
            clock.advance(by: slowness(count))
            return [Measurement(Quantity("count", unit: nil), .number(Double(count)))]
        }
    }

    private func spec(_ driver: Counter, every period: Duration) -> ChildSpec {
        Sensor(driver, every: period, into: fixture.readings, clock: fixture.clock).childSpec
    }

    /// Tells whether it is sampled on its bus's thread.
    private struct Witness: PolledDriver {
        let id = "witness"
        let bus: I2CBus

        func open() -> I2CBus { bus }

        func sample(_ bus: I2CBus) async -> [Measurement] {
            let here = thread()
            let isThere = await bus.perform { _ in pthread_equal(here, pthread_self()) != 0 }
            return [Measurement(Quantity("there", unit: nil), .bool(isThere))]
        }

        private func thread() -> pthread_t { pthread_self() }
    }

    @Test func theSensorOfAChipRunsOnTheBussThread() async throws {
        let witness = Witness(bus: try I2CBus(simulated: SimulatedI2C()))
        let sensor = Sensor(witness, every: .seconds(1), into: fixture.readings, clock: fixture.clock)
        try await fixture.run([sensor.childSpec]) { () async throws in
            for _ in 1...3 {
                #expect(try await fixture.nextReading().value == .bool(true))
                await fixture.clock.sleepers(atLeast: 1)
                fixture.clock.advance(by: .seconds(1))
            }
        }
    }

    @Test func samplesAtOnceAndThenPeriodically() async throws {
        try await fixture.run([spec(Counter(fixture.clock), every: .seconds(5))]) { () async throws in
            #expect(try await fixture.nextReading().value == .number(1))
            for round in 2...5 {
                await fixture.clock.sleepers(atLeast: 1)
                fixture.clock.advance(by: .seconds(5) - .milliseconds(1))
                #expect(fixture.readings.statistics.depth == 0)
                fixture.clock.advance(by: .milliseconds(1))
                #expect(try await fixture.nextReading().value == .number(Double(round)))
            }
        }
    }

    @Test func everySampleIsASignOfLife() async throws {
        var spec = spec(Counter(fixture.clock), every: .seconds(5))
        spec.liveness = .seconds(12)
        let started = "root/\(spec.id) started"
        try await fixture.run([spec]) { () async throws in
            for _ in 1...6 {
                _ = try await fixture.nextReading()
                // The sensor's and the supervisor's.
                await fixture.clock.sleepers(atLeast: 2)
                fixture.clock.advance(by: .seconds(5))
            }
        }
        #expect(try await fixture.events(2) == [started, "root/\(spec.id) stopped"])
    }

    @Test func aSlowSampleNeitherShiftsTheScheduleNorPilesUp() async throws {
        // The first sample takes 12 s: that of 5 s is late, that of 10 s is left out, the next is at 15 s.
        let driver = Counter(fixture.clock) { $0 == 1 ? .seconds(12) : .zero }
        try await fixture.run([spec(driver, every: .seconds(5))]) { () async throws in
            #expect(try await fixture.nextReading().value == .number(1))
            #expect(try await fixture.nextReading().value == .number(2))
            await fixture.clock.sleepers(atLeast: 1)
            #expect(fixture.clock.now.offset == .seconds(12))
            fixture.clock.advance(by: .milliseconds(2999))
            #expect(fixture.readings.statistics.depth == 0)
            fixture.clock.advance(by: .milliseconds(1))
            #expect(try await fixture.nextReading().value == .number(3))
        }
    }

    @Test func theAppMayNameTheSensor() async throws {
        let sensor = Sensor(
            Counter(fixture.clock), id: "mine", every: .seconds(1), into: fixture.readings, clock: fixture.clock)
        try await fixture.run([sensor.childSpec]) { () async throws in
            #expect(try await fixture.nextEvent() == "root/mine started")
            #expect(try await fixture.nextReading().sensor == "mine")
        }
    }
}
