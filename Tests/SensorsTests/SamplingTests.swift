import Supervision
import Synchronization
import Testing

@testable import Sensors

/// Phase, shaping, bursts: what a sensor does around its driver.
@Suite(.timeLimit(.minutes(10)))
struct SamplingTests {
    private let fixture = Fixture()

    /// Says what it was given, one after the other, and then the last one for ever.
    private final class Script: PolledDriver {
        let id: String
        private let values: [Reading.Value]
        private let quantity: Quantity
        private let count = Atomic(0)

        init(_ values: [Double], _ quantity: Quantity = .temperature, id: String = "script") {
            self.id = id
            self.values = values.map { .number($0) }
            self.quantity = quantity
        }

        func open() {}

        func sample(_ device: Void) -> [Measurement] {
            let index = count.wrappingAdd(1, ordering: .relaxed).oldValue
            return [Measurement(quantity, values[min(index, values.count - 1)])]
        }
    }

    @Test func onlyWhatPassesBecomesAReading() async throws {
        let sensor = Sensor(
            Script([1, 1, 500, 2, 2, 3]), every: .seconds(1),
            shaping: Shaping(.limits(0...100), .onChange(atLeastEvery: .seconds(60))), into: fixture.readings,
            clock: fixture.clock)
        try await fixture.run([sensor.childSpec]) { () async throws in
            #expect(try await fixture.nextReading().value == .number(1))
            for _ in 0..<5 {
                await fixture.clock.sleepers(atLeast: 1)
                fixture.clock.advance(by: .seconds(1))
            }
            #expect(try await fixture.nextReading().value == .number(2))
            #expect(try await fixture.nextReading().value == .number(3))
            await fixture.clock.sleepers(atLeast: 1)
            fixture.clock.advance(by: .seconds(59))
            await fixture.clock.sleepers(atLeast: 1)
            fixture.clock.advance(by: .seconds(1))
            #expect(try await fixture.nextReading().value == .number(3), "by the sensor's own clock")
        }
        let counts = sensor.statistics.counts
        #expect(counts.readings == 4)
        #expect(counts.rejected == 1)
        #expect(counts.measurements == counts.readings + counts.rejected + counts.heldBack)
    }

    @Test func aSensorThatSaysNothingPlausibleFailsAndIsRestarted() async throws {
        let sensor = Sensor(
            Script([-127, -127, -127, 20]), every: .seconds(1), shaping: Shaping(.limits(-40...85, tolerating: 2)),
            into: fixture.readings, clock: fixture.clock)
        try await fixture.run([sensor.childSpec]) { () async throws in
            for _ in 0..<2 {
                await fixture.clock.sleepers(atLeast: 1)
                fixture.clock.advance(by: .seconds(1))
            }
            let failure =
                "root/script failed: script: temperature was outside of its limits 3 times in a row, at last -127.0"
            #expect(try await fixture.nextEvent() == "root/script started")
            #expect(try await fixture.nextEvent() == failure)
            await fixture.clock.sleepers(atLeast: 1)
            fixture.clock.advance(by: .milliseconds(500))
            #expect(try await fixture.nextReading().value == .number(20))
        }
        #expect(sensor.statistics.counts.rejected == 3)
    }

    /// Says when it was asked, in seconds.
    private struct Watch: PolledDriver {
        let id = "watch"
        let clock: ManualClock

        func open() {}

        func sample(_ device: Void) -> [Measurement] {
            [Measurement(.time, .number(clock.now.offset / .seconds(1)))]
        }
    }

    @Test func aPhaseIsThatOfTheSensorNotOfItsStart() async throws {
        let sensor = Sensor(
            Watch(clock: fixture.clock), every: .seconds(10), phase: .at(.seconds(3)), into: fixture.readings,
            clock: fixture.clock)
        // The supervisor starts it later than it was made.
        fixture.clock.advance(by: .seconds(7))
        try await fixture.run([sensor.childSpec]) { () async throws in
            for _ in 8...33 {
                await fixture.clock.sleepers(atLeast: 1)
                fixture.clock.advance(by: .seconds(1))
            }
            for seconds in [13, 23, 33] {
                #expect(try await fixture.nextReading().value == .number(Double(seconds)))
            }
        }
    }

    @Test func phasesAreWithinThePeriod() {
        let period = Duration.seconds(10)
        #expect(SamplingPhase.atStart.offset(id: "a", period: period) == nil)
        #expect(SamplingPhase.at(.seconds(3)).offset(id: "a", period: period) == .seconds(3))
        #expect(SamplingPhase.at(.seconds(23)).offset(id: "a", period: period) == .seconds(3))
        #expect(SamplingPhase.at(.seconds(-3)).offset(id: "a", period: period) == .seconds(7))
        #expect(SamplingPhase.at(.seconds(3)).offset(id: "a", period: .zero) == .zero)
    }

    /// Ids as alike as those of many chips of one type fall into all parts of the period alike.
    @Test func phasesOfAlikeIdsAreSpread() {
        var counts = [Int](repeating: 0, count: 10)
        for number in 0..<1000 {
            let share = SamplingPhase.share(of: "tmp102-0x\(String(number, radix: 16))")
            #expect((0..<1).contains(share))
            counts[Int(share * 10)] += 1
        }
        // 100 are expected in each; beyond 50 away is 5 standard deviations.
        #expect(counts.allSatisfy { (50...150).contains($0) }, "\(counts)")
        #expect(SamplingPhase.share(of: "tmp102-0x48") == SamplingPhase.share(of: "tmp102-0x48"))
    }

    @Test(
        arguments: [(.mean, 4), (.median, 3), (.minimum, 1), (.maximum, 9)]
            as [(Burst<Script>.Summary, Double)]) private func aBurstIsOneMeasurement(
            summary: Burst<Script>.Summary, value: Double
        ) async throws
    {
        let clock = SkippingClock()
        let burst = Burst(of: 5, every: .milliseconds(20), summary, Script([9, 1, 3, 2, 5, 1000]), clock: clock)
        #expect(burst.id == "script")
        try await burst.open()
        #expect(try await burst.sample(()) == [Measurement(.temperature, .number(value))])
        #expect(clock.now.offset == .milliseconds(80), "four pauses between five samples")
    }

    @Test func aBurstWithNonsenseIsNonsense() async throws {
        for summary: Burst<Script>.Summary in [.mean, .minimum, .maximum] {
            let measurements = try await Burst(of: 3, summary, Script([1, .nan, 2])).sample(())
            guard case .number(let number) = try #require(measurements.first).value else { continue }
            #expect(number.isNaN, "\(summary)")
        }
    }
}
