import Hardware
import Sensors
import Supervision
import Testing

@Suite(.timeLimit(.minutes(10)))
struct DigitalInputTests {
    private let fixture = Fixture()
    private let chip = SimulatedGPIO(label: "chip", lines: 8)

    private func pin(_ offset: Int) -> GPIOPin {
        GPIOPin("GPIO\(offset)", simulated: chip, offset: offset)
    }

    private func input(_ offset: Int, _ edges: EdgeDetection = .both) -> ChildSpec {
        Sensor(
            DigitalInput(on: pin(offset), edges: edges, refresh: .seconds(60), clock: fixture.clock),
            into: fixture.readings
        ).childSpec
    }

    @Test func reportsTheLevelAtTheStartAndThenEveryEdgeInOrder() async throws {
        try chip.drive(3, high: true)
        try await fixture.run([input(3)]) { () async throws in
            let first = try await fixture.nextReading()
            #expect(first.sensor == "input-GPIO3")
            #expect(first.quantity == .level)
            #expect(first.value == .bool(true))
            for edge in 1...500 { try chip.drive(3, high: edge.isMultiple(of: 2)) }
            var last = first
            for edge in 1...500 {
                let reading = try await fixture.nextReading()
                #expect(reading.value == .bool(edge.isMultiple(of: 2)))
                #expect(reading.monotonicTime >= last.monotonicTime)
                last = reading
            }
        }
        #expect(fixture.readings.statistics.depth == 0)
    }

    @Test func aReadingCarriesTheTimeOfItsEdge() async throws {
        try await fixture.run([input(3)]) { () async throws in
            let before = try await fixture.nextReading().monotonicTime
            try chip.drive(3, high: true)
            let after = Reading(sensor: "", quantity: .level, value: .bool(true)).monotonicTime
            let edge = try await fixture.nextReading().monotonicTime
            #expect((before...after).contains(edge))
        }
    }

    @Test(arguments: [EdgeDetection.both, .none]) func reportsTheLevelAgainEveryMinute(edges: EdgeDetection)
        async throws
    {
        try await fixture.run([input(3, edges)]) { () async throws in
            #expect(try await fixture.nextReading().value == .bool(false))
            for _ in 1...3 {
                await fixture.clock.sleepers(atLeast: 1)
                #expect(fixture.readings.statistics.depth == 0)
                fixture.clock.advance(by: .seconds(60))
                #expect(try await fixture.nextReading().value == .bool(false))
            }
        }
    }

    @Test(arguments: [(Button.Wiring.toGround, false), (.toSupply, true)])
    func aButtonIsPressedOrNotWhateverTheLevel(wiring: Button.Wiring, pressedLevel: Bool) async throws {
        let button = Sensor(
            Button(on: pin(5), wiring: wiring, clock: fixture.clock), into: fixture.readings)
        try await fixture.run([button.childSpec]) { () async throws in
            // Nothing is connected: the pull resistor says that it is released.
            let first = try await fixture.nextReading()
            #expect(first.sensor == "button-GPIO5")
            #expect(first.quantity == .pressed)
            #expect(first.value == .bool(false))
            try chip.drive(5, high: pressedLevel)
            #expect(try await fixture.nextReading().value == .bool(true))
            try chip.drive(5, high: nil)
            #expect(try await fixture.nextReading().value == .bool(false))
        }
    }

    @Test func aBusyLineFailsItsOwnSensorUntilItIsFree() async throws {
        let other = try InputLine(on: .simulated(chip), offset: 3, InputOptions(consumer: "other"))
        // The program's name and "other", cut to what the kernel keeps.
        let user = try GPIOChip.simulated(chip).line(3).consumer
        #expect(!user.isEmpty)
        try await fixture.run([input(3), input(4)]) { () async throws in
            let events = try await fixture.events(3)
            #expect(events[0] == "root/input-GPIO3 failed: line 3 of the GPIO chip chip is in use by \"\(user)\"")
            #expect(events[2] == "root/input-GPIO4 started")
            other.release()
            fixture.clock.advance(by: .seconds(1))
            #expect(try await fixture.nextEvent() == "root/input-GPIO3 started")
        }
    }

    @Test func aLineThatIsTakenAwayEndsTheSensor() async throws {
        let driver = DigitalInput(on: pin(3), clock: fixture.clock)
        let line = try driver.open()
        try await driver.run(line) { _ in line.release() }
    }

    @Test func aLineThatIsGoneIsAFailure() async throws {
        let driver = DigitalInput(on: pin(3), clock: fixture.clock)
        let line = try driver.open()
        line.release()
        await #expect(throws: GPIOError.released(chip: "chip", offset: 3)) { try await driver.run(line) { _ in } }
    }

    @Test func aStoppedInputReleasesItsLine() async throws {
        try await fixture.run([input(3)]) { _ = try await fixture.nextReading() }
        _ = try InputLine(on: .simulated(chip), offset: 3)
    }

    @Test func theHeartbeatBlinks() async throws {
        try chip.join(1, 2)
        let led = HeartbeatLED(on: pin(1), period: .seconds(1), clock: fixture.clock)
        try await fixture.run([input(2), led.childSpec]) { () async throws in
            #expect(try await fixture.nextReading().value == .bool(false))
            for isOn in [true, false, true, false, true] {
                #expect(try await fixture.nextReading().value == .bool(isOn))
                // The input's refresh and the blinking.
                await fixture.clock.sleepers(atLeast: 2)
                fixture.clock.advance(by: .milliseconds(500))
            }
            #expect(try await fixture.nextReading().value == .bool(false))
            fixture.clock.advance(by: .milliseconds(500))
            #expect(try await fixture.nextReading().value == .bool(true))
        }
    }

    @Test func theHeartbeatGoesOutWhenStopped() async throws {
        try chip.join(1, 2)
        // Held high by a resistor of its own, the witness tells "driven low" from "let go".
        let witness = try InputLine(on: .simulated(chip), offset: 2, InputOptions(bias: .pullUp, edges: .both))
        var edges = witness.events.makeAsyncIterator()
        let led = HeartbeatLED(on: pin(1), clock: fixture.clock)
        try await fixture.run([led.childSpec]) { () async throws in
            #expect(try await edges.next()?.kind == .falling)
            #expect(try await edges.next()?.kind == .rising)
        }
        #expect(try await edges.next()?.kind == .falling)
        #expect(try !chip.level(of: 2), "off is its safe level, in which it is left")
    }
}
