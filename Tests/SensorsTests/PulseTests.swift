import Hardware
import Supervision
import Testing

@testable import Sensors

/// Drivers of lines on which time or number of edges counts.
@Suite(.timeLimit(.minutes(10)))
struct PulseTests {
    private let fixture = Fixture()
    private let chip = SimulatedGPIO(label: "chip", lines: 8)

    private func pin(_ offset: Int) -> GPIOPin {
        GPIOPin("GPIO\(offset)", simulated: chip, offset: offset)
    }

    private func pulse(times: Int) throws {
        for _ in 0..<times {
            try chip.drive(3, high: false)
            try chip.drive(3, high: true)
        }
    }

    @Test func motionIsAHighLine() async throws {
        let sensor = Sensor(PIR(on: pin(3), clock: fixture.clock), into: fixture.readings)
        try await fixture.run([sensor.childSpec]) { () async throws in
            let first = try await fixture.nextReading()
            #expect(first.sensor == "pir-GPIO3" && first.quantity == .motion && first.value == .bool(false))
            try chip.drive(3, high: true)
            #expect(try await fixture.nextReading().value == .bool(true))
            try chip.drive(3, high: nil)
            #expect(try await fixture.nextReading().value == .bool(false))
        }
    }

    @Test func pulsesAreCountedAndTheirRateIsToldRegularly() async throws {
        let meaning = PulseCounter.Meaning(total: .length, perPulse: 0.5, rate: .velocity, perHertz: 3)
        let driver = PulseCounter(on: pin(3), meaning, every: .seconds(10), clock: fixture.clock)
        try await fixture.run([Sensor(driver, into: fixture.readings).childSpec]) { () async throws in
            #expect(try await fixture.nextEvent() == "root/pulses-GPIO3 started")
            await fixture.clock.sleepers(atLeast: 1)
            fixture.clock.advance(by: .seconds(10))
            #expect(try await fixture.nextReading().value == .number(0))
            #expect(try await fixture.nextReading().value == .number(0))
            try pulse(times: 400)
            var sum = 0.0
            var total = 0.0
            // As many reports as it takes until all have arrived; together they tell every pulse once.
            while total != 200 {
                await fixture.clock.sleepers(atLeast: 1)
                fixture.clock.advance(by: .seconds(10))
                let first = try await fixture.nextReading()
                let second = try await fixture.nextReading()
                guard case .number(let length) = first.value, case .number(let velocity) = second.value else { break }
                #expect(first.quantity == .length && second.quantity == .velocity)
                total = length
                sum += velocity * 10
            }
            #expect(total == 200)
            #expect(sum == 1200)
        }
    }

    @Test func meaningsHaveTheirUnits() {
        #expect(PulseCounter.Meaning.rain(perTip: 0.0003).total?.unit == "m")
        #expect(PulseCounter.Meaning.wind(perHertz: 0.667).rate?.unit == "m/s")
        let flow = PulseCounter.Meaning.flow(pulsesPerLitre: 500)
        #expect(flow.total?.unit == "m3" && flow.rate?.unit == "m3/s")
        #expect(flow.perPulse == 2e-6 && flow.perHertz == 2e-6)
    }

    private func event(_ sequence: UInt64, at time: UInt64) -> EdgeEvent {
        EdgeEvent(kind: .falling, timestamp: time, globalSequence: sequence, lineSequence: sequence)
    }

    @Test func lostPulsesAreCountedByTheirNumbers() {
        var count = PulseCount(deadTime: .zero)
        for sequence in [1, 2, 3, 7, 8] as [UInt64] { count.add(event(sequence, at: 0)) }
        #expect(count.pulses == 8)
        count.add(event(8, at: 0))
        #expect(count.pulses == 9, "a number that does not grow is an edge all the same")
    }

    @Test func aBouncingContactIsOnePulse() {
        var count = PulseCount(deadTime: .milliseconds(5))
        // The dead time begins with the pulse that counts, not with the last bounce.
        for (sequence, time) in [
            (1, 100_000_000), (2, 100_300_000), (3, 104_999_999), (4, 105_000_000), (9, 106_000_000), (10, 200_000_000),
        ] as [(UInt64, UInt64)] { count.add(event(sequence, at: time)) }
        #expect(count.pulses == 3)
        count.add(event(11, at: .max))
        count.add(event(12, at: 0))
        #expect(count.pulses == 4)
        var endless = PulseCount(deadTime: .seconds(Int64.max))
        endless.add(event(1, at: 5))
        endless.add(event(2, at: 3_600_000_000_004))
        #expect(endless.pulses == 1)
        endless.add(event(3, at: 3_600_000_000_005))
        #expect(endless.pulses == 2)
    }

    // HC-SR04 user guide: 58 us a centimetre, at the speed of sound of some 20 degrees.
    @Test(arguments: [(580_000, 0.1), (5_800_000, 1), (23_200_000, 4), (0, 0)] as [(UInt64, Double)])
    func theEchoTellsTheDistance(nanoseconds: UInt64, metres: Double) throws {
        let found = try #require(HCSR04.metres(nanoseconds: nanoseconds, celsius: 20))
        #expect(abs(found - metres) <= metres * 0.005)
    }

    @Test func soundIsFasterInWarmAir() throws {
        #expect(HCSR04.metres(nanoseconds: 10_000_000, celsius: 0) == 1.6565)
        #expect(try #require(HCSR04.metres(nanoseconds: 10_000_000, celsius: 40)) > 1.77)
        #expect(HCSR04.metres(nanoseconds: 38_000_000, celsius: 20) == nil, "the end of the signal without an echo")
        #expect(HCSR04.metres(nanoseconds: .max, celsius: 20) == nil)
    }

    @Test func theEchoIsTimedByTheKernelsTimestamps() async throws {
        try chip.join(1, 2)
        let witness = try InputLine(on: .simulated(chip), offset: 2, InputOptions(edges: .both))
        let driver = HCSR04(trigger: pin(1), echo: pin(3), clock: fixture.clock)
        #expect(driver.id == "hcsr04-GPIO3")
        let device = try driver.open()
        // Late edges of an earlier echo.
        try chip.drive(3, high: true)
        try chip.drive(3, high: false)
        let before = Reading(sensor: "", quantity: .level, value: .bool(true)).monotonicTime
        async let sample = driver.sample(device)
        var edges = witness.events.makeAsyncIterator()
        let rising = try #require(try await edges.next())
        let falling = try #require(try await edges.next())
        #expect(rising.kind == .rising && falling.kind == .falling)
        #expect(falling.timestamp - rising.timestamp >= 10_000, "at least 10 us")
        try chip.drive(3, high: true)
        try chip.drive(3, high: false)
        let after = Reading(sensor: "", quantity: .level, value: .bool(true)).monotonicTime
        let measurements = try await sample
        // On a machine so busy that this took over 26 ms it is out of range.
        guard let measurement = measurements.first else { return }
        #expect(measurement.quantity == .length)
        let time = try #require(measurement.time)
        #expect(time >= before && time <= after)
        guard case .number(let metres) = measurement.value else { return }
        #expect(metres > 0 && metres <= Double(after - falling.timestamp) / 1e9 * 172)
    }

    @Test func withoutAnyEchoTheSensorFailsAndItsLinesAreFree() async throws {
        let driver = HCSR04(trigger: pin(1), echo: pin(3), clock: fixture.clock)
        do {
            let device = try driver.open()
            let sample = Task { try await driver.sample(device) }
            await fixture.clock.sleepers(atLeast: 1)
            fixture.clock.advance(by: .milliseconds(500))
            await #expect(
                throws: SensorError.notReady(sensor: "hcsr04-GPIO3", what: "the echo", waited: .milliseconds(500))
            ) { try await sample.value }
        }
        _ = try driver.open()
    }

    // Table of transitions: A before B counts up.
    @Test func aTurnHasFourSteps() {
        var decoder = QuadratureDecoder(a: false, b: false)
        let turn = [(true, false), (true, true), (false, true), (false, false)]
        for (index, (a, b)) in (turn + turn).enumerated() {
            decoder.move(a: a, b: b)
            #expect(decoder.steps == index + 1)
            #expect(decoder.a == a && decoder.b == b)
        }
        for (index, (a, b)) in ([(false, true), (true, true), (true, false), (false, false)]).enumerated() {
            decoder.move(a: a, b: b)
            #expect(decoder.steps == 7 - index)
        }
    }

    @Test func bouncesCancelOutAndLostEdgesCountNothing() {
        var decoder = QuadratureDecoder(a: false, b: false)
        for _ in 0..<100 {
            decoder.move(a: true, b: false)
            decoder.move(a: false, b: false)
        }
        #expect(decoder.steps == 0)
        decoder.move(a: true, b: true)
        #expect(decoder.steps == 0)
        decoder.move(a: true, b: true)
        decoder.move(a: false, b: true)
        #expect(decoder.steps == 1)
        decoder.move(a: true, b: false)
        #expect(decoder.steps == 1)
    }

    @Test func aKnobTellsItsDetents() async throws {
        // Both contacts open at rest; the pull-up resistors hold the lines high.
        let driver = RotaryEncoder(a: pin(1), b: pin(2))
        try await fixture.run([Sensor(driver, into: fixture.readings).childSpec]) { () async throws in
            #expect(try await fixture.nextEvent() == "root/encoder-GPIO1 started")
            #expect(try await fixture.nextReading().value == .number(0))
            func turn(_ first: Int, _ second: Int) throws {
                for high in [false, true] {
                    for offset in [first, second] {
                        // With a bounce.
                        for level in [high, !high, high] { try chip.drive(offset, high: level) }
                    }
                }
            }
            for _ in 0..<3 { try turn(1, 2) }
            for position in 1...3 {
                let reading = try await fixture.nextReading()
                #expect(reading.sensor == "encoder-GPIO1" && reading.quantity == .position)
                #expect(reading.value == .number(Double(position)))
            }
            for _ in 0..<5 { try turn(2, 1) }
            var last = Reading.Value.number(3)
            while last != .number(-2) { last = try await fixture.nextReading().value }
        }
        #expect(fixture.readings.statistics.depth == 0)
    }

    @Test(arguments: [
        (0, 2, 4, 0), (0, 3, 4, 1), (1, 2, 4, 1), (1, 1, 4, 0), (1, 7, 4, 2), (0, -2, 4, 0), (0, -3, 4, -1),
        (-1, -2, 4, -1),
        (0, 1, 2, 0), (0, 2, 2, 1), (0, 1, 1, 1), (5, 4, 1, 4), (5, 5, 1, 5),
    ])
    func aCountHasSomePlay(count: Int, steps: Int, stepsPerCount: Int, after: Int) {
        #expect(RotaryEncoder.count(after: count, steps: steps, stepsPerCount: stepsPerCount) == after)
    }

    @Test func contactsOfTwoChipsAreRefused() throws {
        let other = SimulatedGPIO(label: "other", lines: 8)
        let driver = RotaryEncoder(a: pin(1), b: GPIOPin("B", simulated: other, offset: 1))
        let error = #expect(throws: SensorError.self) { try driver.open() }
        #expect(error?.description.contains("GPIO1 and B are not of one chip") == true)
        #expect(throws: SensorError.self) { try GPIOPin.openInputs([], InputOptions()) }
    }
}
