import Hardware
import Supervision
import Synchronization
import Testing

@testable import Sensors

/// What is kept of a sensor for those who look.
@Suite(.timeLimit(.minutes(10)))
struct SensorStatisticsTests {
    private let fixture = Fixture()

    private struct Broken: Error {}

    /// Measures two quantities, the second of them once; takes three periods for its second sample and fails the fourth.
    private final class Eventful: PolledDriver {
        let id = "eventful-\(Int.random(in: 0...Int.max))"
        private let clock: ManualClock
        private let count = Atomic<Int>(0)

        init(_ clock: ManualClock) { self.clock = clock }

        func open() {}

        func sample(_ device: Void) throws -> [Measurement] {
            let count = count.wrappingAdd(1, ordering: .relaxed).newValue
            if count == 2 { clock.advance(by: .seconds(3)) }
            if count == 4 { throw Broken() }
            let first = Measurement(.temperature, .number(Double(count)))
            return count == 1 ? [first, Measurement(.pressed, .bool(true))] : [first]
        }
    }

    @Test func keepsTheLastOfEachQuantityAndCountsWhatWentWrong() async throws {
        let driver = Eventful(fixture.clock)
        let sensor = Sensor(driver, every: .seconds(1), into: fixture.readings, clock: fixture.clock)
        #expect(KnownSensors[driver.id]?.statistics === sensor.statistics)
        #expect(KnownSensors[driver.id]?.isInCell == false)
        try await fixture.run([sensor.childSpec]) { () async throws in
            while sensor.statistics.counts.failures == 0 {
                await fixture.clock.sleepers(atLeast: 1)
                if sensor.statistics.counts.failures == 0 { fixture.clock.advance(by: .seconds(1)) }
            }
            // The failure is counted before the supervisor knows of it.
            let counts = sensor.statistics.counts
            #expect(counts.measurements == 4 && counts.readings == 4)
            #expect(counts.missed == 2)
            #expect(counts.failures == 1)
            #expect(sensor.statistics.latest.map(\.quantity) == [.temperature, .pressed])
            #expect(sensor.statistics.latest.map(\.value) == [.number(3), .bool(true)])
        }
        // Being stopped is no failure.
        #expect(sensor.statistics.counts.failures == 1)
    }

    @Test func whatALineSaidInVainIsCountedOverAllStarts() async throws {
        let chip = SimulatedGPIO(label: "chip", lines: 2)
        let pin = GPIOPin("A", simulated: chip, offset: 0)
        // Room for the level at the start and for nothing else: whoever reports an edge waits.
        let readings = Mailbox<Reading>(capacity: 1, overflow: .suspendSender)
        let driver = DigitalInput(on: pin, clock: fixture.clock)
        let sensor = Sensor(driver, into: readings, clock: fixture.clock)
        for start in 1...2 {
            try await fixture.run([sensor.childSpec]) { () async throws in
                while readings.statistics.depth == 0 { await Task.yield() }
                for edge in 1...3000 { try chip.drive(0, high: !edge.isMultiple(of: 2)) }
                // 1024 wait for the sensor, which has taken one or two.
                let lost = sensor.statistics.counts.lost
                #expect((start * 1974...start * 1976).contains(lost))
            }
            #expect((start * 1974...start * 1976).contains(sensor.statistics.counts.lost))
            _ = try await readings.receive(upTo: 1)
        }
    }

    @Test func whoMakesUpQuantitiesDoesNotFillTheMemory() {
        let statistics = SensorStatistics()
        for number in 1...1000 {
            statistics.keep(
                Reading(sensor: "a", quantity: Quantity("q\(number)", unit: nil), value: .bool(true)))
        }
        #expect(statistics.latest.count == 64)
    }

    @Test func sensorsThatAreGoneAreForgotten() {
        for number in 1...1000 {
            _ = Sensor(
                Eventful(fixture.clock), id: "gone-\(number)", every: .seconds(1), into: fixture.readings)
        }
        #expect(!KnownSensors.ids.contains { $0.hasPrefix("gone-") })
        #expect(KnownSensors["gone-1"] == nil)
    }

    @Test func aSensorInACellIsKnownAsSuch() {
        let driver = Eventful(fixture.clock)
        let sensor = Sensor(driver, every: .seconds(1), into: fixture.readings, isolation: .process)
        #expect(KnownSensors[driver.id]?.isInCell == true)
        // What comes out of the cell.
        KnownSensors.keep(Reading(sensor: driver.id, quantity: .temperature, value: .number(3)))
        #expect(sensor.statistics.latest.map(\.value) == [.number(3)])
        #expect(sensor.statistics.counts.readings == 0)
        // Somebody else's.
        KnownSensors.keep(Reading(sensor: "nobody", quantity: .temperature, value: .number(3)))
    }
}
