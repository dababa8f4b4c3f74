import Hardware
import Synchronization
import Testing

@testable import Sensors

/// What drivers say to their chips and when, where the answers alone do not show it.
struct DialogueTests {
    private let bus = SimulatedI2C()
    private let clock = SkippingClock()
    private let port: I2CPort

    init() {
        port = I2CPort(simulated: bus, name: "i2c-1")
    }

    /// Passes everything on and keeps what was written.
    private final class Recorder: SimulatedI2CDevice {
        private let device: any SimulatedI2CDevice
        private let written = Mutex<[[UInt8]]>([])

        init(_ device: any SimulatedI2CDevice) { self.device = device }

        var writes: [[UInt8]] { written.withLock { $0 } }

        func write(_ bytes: [UInt8]) {
            written.withLock { $0.append(bytes) }
            device.write(bytes)
        }

        func read(_ count: Int) -> [UInt8] { device.read(count) }
    }

    private func record(_ device: any SimulatedI2CDevice, at address: I2CAddress) -> Recorder {
        let recorder = Recorder(device)
        bus.attach(recorder, at: address)
        return recorder
    }

    // The maxima of the datasheets, at the sections the drivers name: start, then one sample.
    @Test(
        arguments: [
            // 2 ms; 1.25 ms, three times 2.3 ms, twice 0.575 ms.
            ("BME280", 11_300), ("BMP280", 8425), ("SHT3x", 3000 + 16_000), ("SHT4x", 3000 + 9000),
            // 128 in a second, a tenth longer, and 25 us to wake up, for each of 5 inputs.
            ("ADS1115", 43_090), ("INA219", 17_020), ("BH1750", 180_000), ("VEML7700", 103_000),
            ("MCP9808", 250_000), ("LM75", 300_000), ("TMP105", 300_000), ("TMP421", 460_000),
            // Two periods, of which there are 4 in a second; two of which there are 15, and a tenth longer.
            ("EMC1413", 500_000), ("LSM303DLHC", 150_000),
        ] as [(String, Int)])
    func theChipIsGivenTheTimeItNeeds(name: String, microseconds: Int) async throws {
        let test = try #require(DriverCase.all.first { $0.name == name })
        let chip = test.makeChip()
        _ = chip.set(0)
        bus.attach(chip.device, at: test.address)
        func sample(_ driver: some PolledDriver) async throws { _ = try await driver.sample(try await driver.open()) }
        try await sample(test.makeDriver(port, clock))
        #expect(clock.now.offset == .microseconds(microseconds))
    }

    // BH1750FVI technical note, section "Instruction Set Architecture": 69 is 010 00101.
    @Test func bh1750HasItsMeasurementTimeBack() async throws {
        let chip = record(SimulatedBH1750(), at: 0x23)
        let driver = BH1750(on: port, clock: clock)
        _ = try await driver.sample(try await driver.open())
        #expect(chip.writes == [[0x01], [0x07], [0x42], [0x65], [0x20]])
    }

    // SBOS448, section 8.6.3.2: reading the power register clears "conversion ready"; it must not do so later.
    @Test func ina219ForgetsTheConversionBefore() async throws {
        let chip = record(SimulatedINA219(), at: 0x40)
        let driver = INA219(on: port, clock: clock)
        _ = try await driver.sample(try await driver.open())
        #expect(chip.writes == [[0, 0x80, 0x00], [0], [3], [0, 0x3E, 0x63], [2], [1]])
    }

    // DS20001952, section 3.2.1: in the other order of the registers, 5 is IOCON.
    @Test func mcp23017IsBroughtIntoItsOrderFirst() async throws {
        let chip = record(SimulatedMCP23017(), at: 0x20)
        _ = try await MCP23017(on: port, inputs: [0, 9], pullUps: [9], clock: clock).open()
        #expect(
            chip.writes.prefix(6) == [
                [5, 0], [0x0A, 0], [0x02, 0, 0], [0x14, 0, 0], [0x0C, 0x00, 0x02], [0x00, 0x01, 0x02],
            ])
    }

    // DS20005274, sections "Configuration Register" and "Conversion Rate Register".
    @Test func emc1413BeginsAnewWhateverItWasToldBefore() async throws {
        let chip = record(SimulatedEMC1413(), at: 0x4C)
        _ = try await EMC1413(on: port, clock: clock).open()
        #expect(chip.writes == [[0xFE], [0xFD], [3, 0x40], [4, 6], [3, 0]])
        #expect(clock.now.offset == .zero, "other sensors need not wait with their start")
    }

    // Rev. 4, section 7.3.5: the prescaler is taken only while the chip sleeps.
    @Test func pca9685SleepsForItsPrescaler() async throws {
        let chip = record(SimulatedPCA9685(), at: 0x40)
        _ = try await PCA9685(on: port, frequency: 50, clock: clock).open()
        #expect(chip.writes == [[0xFE], [0, 0x30], [0xFE, 0x79], [0xFE], [0, 0x20], [0, 0xA0]])
        #expect(clock.now.offset == .milliseconds(1))
    }

    // Section 7.3.1.1: a sleep stops the outputs.
    @Test func pca9685DoesNotSleepForThePrescalerItHas() async throws {
        let chip = record(SimulatedPCA9685(), at: 0x40)
        let driver = PCA9685(on: port, frequency: 50, clock: clock)
        _ = try await driver.open()
        let count = chip.writes.count
        _ = try await driver.open()
        #expect(chip.writes.dropFirst(count) == [[0xFE], [0, 0x20], [0, 0xA0]])
    }

    // Register COEF_SRCE: the sensor with which the coefficients were measured is the one to use.
    @Test(arguments: [0x00, 0x80] as [UInt8]) func dps310UsesTheSensorOfItsCoefficients(source: UInt8) async throws {
        let chip = SimulatedDPS310()
        chip.registers[0x28] = [source]
        bus.attach(chip, at: 0x77)
        _ = try await DPS310(on: port, oversampling: .x4, clock: clock).open()
        #expect(chip.registers[7] == [source | 0x22])
        #expect(chip.registers[6] == [0x22])
    }

    // The kernel's drivers/iio/pressure/dps310.c: bit 1 of register 0x32 tells the chips that need no correction.
    @Test(arguments: [(0x02, false), (0xFD, true)] as [(UInt8, Bool)])
    func dps310IsCorrectedWhereItMustBe(register: UInt8, isCorrected: Bool) async throws {
        let chip = SimulatedDPS310()
        chip.registers[0x32] = [register]
        let recorder = record(chip, at: 0x77)
        _ = try await DPS310(on: port, clock: clock).open()
        let correction: [[UInt8]] = [[0x0E, 0xA5], [0x0F, 0x96], [0x62, 0x02], [0x0E, 0x00], [0x0F, 0x00]]
        #expect(recorder.writes.filter(correction.contains) == (isCorrected ? correction : []))
    }

    // DS3231 datasheet, figure 1: bit 3 of the status lets the pin 32kHz have its signal.
    @Test func aClockThatIsSetKeepsItsOtherFlags() async throws {
        let chip = SimulatedDS3231()
        chip.registers[0x0F] = [0x88]
        bus.attach(chip, at: 0x68)
        try await DS3231(on: port).open().set(946_684_800)
        #expect(chip.registers[0x0F] == [0x08])
    }

    /// Copies of the small memories do not run on from one of their addresses into the next.
    @Test func aSmallMemoryIsReadAddressByAddress() async throws {
        let (lower, upper) = (SimulatedAT24C(capacity: 256), SimulatedAT24C(capacity: 256))
        try lower.attach(to: bus, at: 0x50)
        try upper.attach(to: bus, at: 0x51)
        let memory = try await AT24C(on: port, size: .c04, clock: clock).open()
        let content = [UInt8](1...16)
        try await memory.write(content, at: 248)
        #expect(lower.bytes.suffix(8) == content.prefix(8))
        #expect(upper.bytes.prefix(8) == content.suffix(8))
        #expect(try await memory.read(16, at: 248) == content)
    }
}
