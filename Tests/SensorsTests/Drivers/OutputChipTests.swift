import Hardware
import Testing

@testable import Sensors

/// Chips that are told what to do: LEDs, pulses, lines.
struct OutputChipTests {
    private let bus = SimulatedI2C()
    private let port: I2CPort

    init() {
        port = I2CPort(simulated: bus, name: "i2c-1")
    }

    @Test func pca9552LEDsAreSetOneByOneAndKeepTheOthers() async throws {
        let chip = SimulatedPCA9552()
        bus.attach(chip, at: 0x60)
        let leds = try await PCA9552(on: port).open()
        #expect(try await leds.levels() == 0xFFFF)
        try await leds.set(0, to: .on)
        try await leds.set(5, to: .second)
        try await leds.set(15, to: .on)
        #expect(chip.registers[6] == [0x54])
        #expect(chip.registers[7] == [0x5D])
        #expect(chip.registers[9] == [0x15])
        #expect(try await leds.levels() == 0x7FFE)
        try await leds.set(0, to: .off)
        #expect(try await leds.levels() == 0x7FFF)
        try await leds.set(5, to: .on)
        #expect(chip.registers[7] == [0x51], "nothing is left of what the LED did before")
        try await leds.set(5, to: .off)
        // A new start finds what the chip has.
        let again = try await PCA9552(on: port).open()
        try await again.set(14, to: .on)
        #expect(try await again.levels() == 0x3FFF)
    }

    @Test func pca9552RhythmsAreThoseOfTheDatasheet() async throws {
        let chip = SimulatedPCA9552()
        bus.attach(chip, at: 0x60)
        let leds = try await PCA9552(on: port).open()
        // The programming example of the PCA9553's datasheet (rev. 2004-10-01, table 1), whose rhythms are the PCA9552's: 1 s
        // and half of it, 0.25 s and a quarter of it.
        try await leds.set(.first, period: .seconds(1), duty: 0.5)
        #expect(chip.registers[2] == [43])
        #expect(chip.registers[3] == [128])
        try await leds.set(.second, period: .milliseconds(250), duty: 0.25)
        #expect(chip.registers[4] == [10])
        #expect(chip.registers[5] == [192])
        try await leds.set(.second, period: .seconds(60), duty: 0)
        #expect(chip.registers[4] == [255])
        #expect(chip.registers[5] == [255])
        try await leds.set(.second, period: .zero, duty: .nan)
        #expect(chip.registers[4] == [0])
        await #expect(throws: SensorError.self) { try await leds.set(16, to: .on) }
        await #expect(throws: SensorError.self) { try await leds.set(-1, to: .on) }
    }

    @Test func pca9685OutputsHaveADutyEach() async throws {
        let chip = SimulatedPCA9685()
        bus.attach(chip, at: 0x40)
        let outputs = try await PCA9685(on: port, frequency: 50, clock: SkippingClock()).open()
        #expect(chip.registers[0xFE] == [121])
        #expect(chip.registers[0] == [0x20], "it is awake")
        try await outputs.set(0, duty: 0.25)
        try await outputs.set(15, pulse: .microseconds(1500))
        #expect(chip.duty(of: 0) == 0.25)
        #expect(abs(chip.duty(of: 15) - 0.075) < 1 / 4096)
        #expect(chip.duty(of: 1) == 0)
        try await outputs.set(1, duty: 1)
        #expect(chip.duty(of: 1) == 1)
        await #expect(throws: SensorError.self) { try await outputs.set(16, duty: 0) }
        await #expect(throws: SensorError.self) {
            try await PCA9685(on: port, frequency: 5, clock: SkippingClock()).open()
        }
    }

    /// Rev. 4, section 7.3.1.1: outputs that a sleep has stopped wait until they are told to go on.
    @Test(arguments: [200, 50] as [Double]) func pca9685OutputsGoOnAfterANewStart(frequency: Double) async throws {
        let chip = SimulatedPCA9685()
        bus.attach(chip, at: 0x40)
        let outputs = try await PCA9685(on: port, frequency: 200, clock: SkippingClock()).open()
        try await outputs.set(3, duty: 0.25)
        #expect(chip.duty(of: 3) == 0.25)
        let again = try await PCA9685(on: port, frequency: frequency, clock: SkippingClock()).open()
        #expect(chip.registers[0xFE] == [frequency == 50 ? 0x79 : 0x1E])
        #expect(chip.duty(of: 3) == 0.25)
        try await again.set(4, duty: 0.5)
        #expect(chip.duty(of: 4) == 0.5)
    }

    @Test func pca9685WithoutPowerIsNotTakenForSet() async throws {
        bus.attach(SimulatedPCA9685(), at: 0x40)
        let driver = PCA9685(on: port, frequency: 50, clock: SkippingClock())
        let outputs = try await driver.open()
        try await outputs.set(3, duty: 0.25)
        let chip = SimulatedPCA9685()
        bus.attach(chip, at: 0x40)
        let error = await #expect(throws: SensorError.self) { try await outputs.set(3, duty: 0.25) }
        #expect(
            error?.description == "PCA9685 at 0x40 on i2c-1: it sleeps; "
                + "it may have lost power; the next start configures it anew")
        await #expect(throws: SensorError.self) { try await outputs.setAll(duty: 0.25) }
        try await driver.open().set(3, duty: 0.25)
        #expect(chip.duty(of: 3) == 0.25)
    }

    @Test func mcp23017DrivesItsOutputsAndReadsItsInputs() async throws {
        let chip = SimulatedMCP23017()
        bus.attach(chip, at: 0x20)
        let lines = try await MCP23017(on: port, inputs: [0, 9], pullUps: [9]).open()
        #expect(chip.registers[0x00] == [0x01] && chip.registers[0x01] == [0x02])
        #expect(chip.registers[0x0C] == [0x00] && chip.registers[0x0D] == [0x02])
        chip.drive(0x0201)
        #expect(try await lines.levels() == 0x0201)
        try await lines.set(15, high: true)
        try await lines.set(0x00F0, mask: 0x00FE)
        #expect(try await lines.levels() == 0x82F1)
        try await lines.set(15, high: false)
        #expect(try await lines.levels() == 0x02F1)
        await #expect(throws: SensorError.self) { try await lines.set(0, high: true) }
        await #expect(throws: SensorError.self) { try await lines.set(16, high: true) }
        await #expect(throws: SensorError.self) { try await MCP23017(on: port, inputs: [-1]).open() }
    }

    /// At power-up all of its lines are inputs, without pull-ups.
    @Test func mcp23017WithoutPowerIsNotTakenForSet() async throws {
        bus.attach(SimulatedMCP23017(), at: 0x20)
        let driver = MCP23017(on: port, inputs: [0])
        let lines = try await driver.open()
        try await lines.set(8, high: true)
        bus.attach(SimulatedMCP23017(), at: 0x20)
        let error = await #expect(throws: SensorError.self) { try await lines.levels() }
        #expect(
            error?.description == "MCP23017 at 0x20 on i2c-1: its directions are 0xffff and not 0x01; "
                + "it may have lost power; the next start configures it anew")
        await #expect(throws: SensorError.self) { try await lines.set(9, high: true) }
        await #expect(throws: SensorError.self) { try await driver.sample(lines) }
        let again = try await driver.open()
        try await again.set(9, high: true)
        #expect(try await again.levels() == 0x0200)

        let inputs = try await MCP23017(on: port, inputs: Set(0..<16), pullUps: [3]).open()
        #expect(try await inputs.levels() == 0)
        bus.attach(SimulatedMCP23017(), at: 0x20)
        await #expect(throws: SensorError.self) { try await inputs.levels() }
    }

    /// That nobody knows whether it still has its outputs changes nothing of what it was told.
    @Test func mcp23017KeepsWhatWasWrittenWhenItsAnswerFails() async throws {
        let chip = SimulatedMCP23017()
        bus.attach(chip, at: 0x20)
        let lines = try await MCP23017(on: port, inputs: [0]).open()
        bus.script([.slow(.zero), .timeout], at: 0x20)
        await #expect(throws: I2CError.self) { try await lines.set(8, high: true) }
        try await lines.set(9, high: true)
        #expect(try await lines.levels() == 0x0300)
    }

    /// Whoever had the chip before may have let it turn levels over (DS20001952, section 3.5.2).
    @Test func mcp23017TellsLevelsAsTheyAre() async throws {
        let chip = SimulatedMCP23017()
        chip.registers[0x02] = [0xFF]
        chip.registers[0x03] = [0x0F]
        bus.attach(chip, at: 0x20)
        let lines = try await MCP23017(on: port, inputs: [0, 9]).open()
        chip.drive(0x0200)
        #expect(try await lines.levels() == 0x0200)
    }

    @Test func whatFailedIsNotSetByALaterCall() async throws {
        let chip = SimulatedMCP23017()
        bus.attach(chip, at: 0x20)
        let lines = try await MCP23017(on: port).open()
        try await lines.set(3, high: true)
        bus.script([.timeout], at: 0x20)
        await #expect(throws: I2CError.self) { try await lines.set(0x0006, mask: 0x000E) }
        try await lines.set(8, high: true)
        #expect(try await lines.levels() == 0x0108)

        let dimmer = SimulatedPCA9552()
        bus.attach(dimmer, at: 0x60)
        let leds = try await PCA9552(on: port).open()
        bus.script([.timeout], at: 0x60)
        await #expect(throws: I2CError.self) { try await leds.set(1, to: .on) }
        try await leds.set(2, to: .on)
        #expect(try await leds.levels() == 0xFFFB)
    }

    /// What two tasks set at once is all set: each call builds on the other's.
    @Test func outputsSetAtOnceAreAllSet() async throws {
        let chip = SimulatedMCP23017()
        bus.attach(chip, at: 0x20)
        let lines = try await MCP23017(on: port).open()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for line in 0..<16 { group.addTask { try await lines.set(line, high: true) } }
            try await group.waitForAll()
        }
        #expect(try await lines.levels() == 0xFFFF)
    }
}
