import Hardware
import Supervision
import Testing

@testable import Sensors

@Suite(.timeLimit(.minutes(10)))
struct TMP102Tests {
    private let fixture = Fixture()
    private let bus = SimulatedI2C()

    private func sensor(_ port: I2CPort, _ address: I2CAddress) -> ChildSpec {
        Sensor(TMP102(on: port, address: address), every: .seconds(1), into: fixture.readings, clock: fixture.clock)
            .childSpec
    }

    private func chip(_ high: UInt8, _ low: UInt8) -> SimulatedRegisterMap {
        // Registers at power-up: temperature, configuration, T low (75 degrees), T high (80 degrees).
        SimulatedRegisterMap([0: [high, low], 1: [0x60, 0xA0], 2: [0x4B, 0x00], 3: [0x50, 0x00]])
    }

    // TMP102 datasheet SBOS397C, table 5, TMP105 datasheet SLLS648D, table 5, and TMP75 datasheet SBOS288, table 7-1, alike;
    // shifted left by 4 bits as in the register. The last three are not in the tables; -128 is TMP100's, SBOS231.
    @Test(arguments: [
        (0x7FF, 127.9375), (0x640, 100), (0x500, 80), (0x4B0, 75), (0x320, 50), (0x190, 25), (0x004, 0.25), (0x000, 0),
        (0xFFC, -0.25), (0xE70, -25), (0xC90, -55), (0x001, 0.0625), (0xFFF, -0.0625), (0x800, -128),
    ])
    func readsTheTwelveBitFormat(raw: UInt16, celsius: Double) {
        let register = raw << 4
        #expect(TMP102.celsius([UInt8(register >> 8), UInt8(register & 0xFF)], bits: 12) == celsius)
    }

    // SBOS397C, table 6, shifted left by 3 bits as in the register, where bit 0 tells of the extended mode (table 4).
    @Test(
        arguments: [
            (0x0960, 150), (0x0800, 128), (0x07FF, 127.9375), (0x0640, 100), (0x0500, 80), (0x04B0, 75), (0x0320, 50),
            (0x0190, 25), (0x0004, 0.25), (0x0000, 0), (0x1FFC, -0.25), (0x1E70, -25), (0x1C90, -55),
        ] as [(UInt16, Double)])
    func readsTheThirteenBitsOfTheExtendedMode(raw: UInt16, celsius: Double) {
        let register = raw << 3 | 1
        #expect(TMP102.celsius([UInt8(register >> 8), UInt8(register & 0xFF)], bits: 12) == celsius)
    }

    // LM75 datasheet SNOS808, table "Temperature Data Format", and STLM75 datasheet 13296 rev. 12, table 3, which adds -40;
    // the 7 bits below are undefined.
    @Test(
        arguments: [
            (0x0FA, 125), (0x032, 25), (0x001, 0.5), (0x000, 0), (0x1FF, -0.5), (0x1CE, -25), (0x1B0, -40),
            (0x192, -55),
        ] as [(UInt16, Double)], [0x00, 0x55, 0x7F] as [UInt16])
    func readsTheNineBitFormatWhateverTheRestIs(vector: (raw: UInt16, celsius: Double), rest: UInt16) {
        let register = vector.raw << 7 | rest
        #expect(TMP102.celsius([UInt8(register >> 8), UInt8(register & 0xFF)], bits: 9) == vector.celsius)
    }

    @Test func readsTheRegisterWhateverThePointerWas() async throws {
        let chip = chip(0xE7, 0x00)
        chip.write([3])
        bus.attach(chip, at: 0x48)
        let port = I2CPort(simulated: bus, name: "i2c-1")
        try await fixture.run([sensor(port, 0x48)]) { () async throws in
            let reading = try await fixture.nextReading()
            #expect(reading.sensor == "tmp102-0x48")
            #expect(reading.quantity == .temperature)
            #expect(reading.value == .number(-25))
            #expect(reading.quantity.unit == "Cel")
        }
    }

    // SBOS397C, sections "Shutdown Mode (SD)", "One-Shot/Conversion Ready (OS)" and table 7; an LM75 has one byte.
    @Test(
        arguments: [
            ([0x61, 0xA0], [0x60, 0xA0]), ([0xE1, 0xB0], [0x60, 0xB0]), ([0x01], [0x00]),
            ([0xE0, 0xA0], [0xE0, 0xA0]),
        ] as [([UInt8], [UInt8])])
    func aChipInShutdownIsWoken(found: [UInt8], left: [UInt8]) async throws {
        let chip = SimulatedRegisterMap([0: [0x19, 0x00], 1: found])
        bus.attach(chip, at: 0x48)
        let clock = SkippingClock()
        let driver = TMP102(on: I2CPort(simulated: bus, name: "i2c-1"), clock: clock)
        let device = try driver.open()
        for _ in 1...2 {
            #expect(try await driver.sample(device) == [Measurement(.temperature, .number(25))])
        }
        #expect(chip[1] == left)
        #expect(clock.now.offset == (found == left ? .zero : .milliseconds(300)), "the first conversion is waited for")
    }

    @Test func aChipThatStaysInShutdownIsAFault() async throws {
        bus.attach(chip(0x19, 0x00), at: 0x48)
        bus.hold(.stuck(0xFF), at: 0x48)
        let driver = TMP102(on: I2CPort(simulated: bus, name: "i2c-1"), clock: SkippingClock())
        let device = try driver.open()
        let error = await #expect(throws: SensorError.self) { try await driver.sample(device) }
        #expect(
            error?.description == "TMP102 at 0x48 on i2c-1: it stays in shutdown; "
                + "check its wires; another chip may have the address")
    }

    @Test func anAbsentChipIsRetriedWithoutDisturbingItsNeighbour() async throws {
        bus.attach(chip(0x19, 0x00), at: 0x48)
        let port = I2CPort(simulated: bus, name: "i2c-1")
        try await fixture.run([sensor(port, 0x48), sensor(port, 0x49)]) { () async throws in
            var neighbours = 0
            var failures = 0
            // Half a minute: 5 attempts or a few more, as chance shortens the delays, and 30 samples next door.
            while neighbours < 30 {
                let reading = try await fixture.nextReading()
                #expect(reading.sensor == "tmp102-0x48")
                neighbours += 1
                await fixture.clock.sleepers(atLeast: 2)
                fixture.clock.advance(by: .seconds(1))
            }
            while failures < 4 {
                if try await fixture.nextEvent()
                    == "root/tmp102-0x49 failed: no device answers at address 0x49 on i2c-1"
                {
                    failures += 1
                }
            }
            // Plugged in, it is found at the next attempt.
            bus.attach(chip(0x32, 0x00), at: 0x49)
            fixture.clock.advance(by: .seconds(30))
            while try await fixture.nextReading().sensor != "tmp102-0x49" {}
        }
    }

    @Test func anAbsentBusFailsTheStartOfItsSensorsOnly() async throws {
        bus.attach(chip(0x19, 0x00), at: 0x48)
        let absent = I2CPort(path: "/dev/i2c-does-not-exist")
        let present = I2CPort(simulated: bus, name: "i2c-1")
        try await fixture.run([sensor(absent, 0x4A), sensor(present, 0x48)]) { () async throws in
            let events = try await fixture.events(3)
            #expect(events[0].hasPrefix("root/tmp102-0x4a failed: cannot open the I2C bus /dev/i2c-does-not-exist: "))
            #expect(events[1].hasPrefix("root/tmp102-0x4a restarts in 0."))
            #expect(events[2] == "root/tmp102-0x48 started")
            #expect(try await fixture.nextReading().value == .number(25))
        }
    }

    @Test func aSingleFaultCostsARestart() async throws {
        bus.attach(chip(0x19, 0x00), at: 0x48)
        bus.script([.timeout], at: 0x48)
        let port = I2CPort(simulated: bus, name: "i2c-1")
        try await fixture.run([sensor(port, 0x48)]) { () async throws in
            let events = try await fixture.events(3)
            #expect(
                events.prefix(2) == [
                    "root/tmp102-0x48 started",
                    "root/tmp102-0x48 failed: the transfer with address 0x48 on i2c-1 timed out; "
                        + "a device may hold the bus",
                ])
            fixture.clock.advance(by: .milliseconds(500))
            #expect(try await fixture.nextEvent() == "root/tmp102-0x48 started again, restart 1")
            #expect(try await fixture.nextReading().value == .number(25))
        }
    }

    @Test func theDriversOnABusShareItAndTheLastClosesIt() throws {
        let port = I2CPort(simulated: bus, name: "i2c-1")
        var first: I2CBus? = try port.open()
        var second: I2CBus? = try port.open()
        #expect(first === second)
        weak let weakBus = first
        first = nil
        #expect(weakBus != nil)
        second = nil
        #expect(weakBus == nil)
    }
}
