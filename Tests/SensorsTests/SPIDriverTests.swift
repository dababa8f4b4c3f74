import Hardware
import Supervision
import Synchronization
import Testing

@testable import Sensors

struct MCP3008Tests {
    private let bus = SimulatedSPI()

    // DS21295D, figure 6-1 and table 5-2: start bit, single-ended or not, D2 to D0.
    @Test(
        arguments: [
            (.single(0), 0x80), (.single(1), 0x90), (.single(7), 0xF0), (.pair(0, minus: 1), 0x00),
            (.pair(1, minus: 0), 0x10), (.pair(6, minus: 7), 0x60), (.pair(7, minus: 6), 0x70),
        ] as [(MCP3008.Input, UInt8)])
    func commandsNameTheInput(input: MCP3008.Input, second: UInt8) {
        #expect(MCP3008.command(input) == [0x01, second, 0x00])
    }

    @Test(
        arguments: [
            ([0xFF, 0xF8, 0x00], 0), ([0x00, 0x00, 0x01], 1), ([0x00, 0x02, 0x00], 512), ([0xAA, 0xFB, 0xFF], 1023),
        ] as [([UInt8], Int)])
    func theLastTenBitsAreTheNumber(answer: [UInt8], code: Int) {
        #expect(MCP3008.code(answer) == code)
    }

    @Test(arguments: [[], [0xFF], [0xFF, 0xFF, 0xFF], [0x00, 0x04, 0x00], [0, 0, 0, 0]] as [[UInt8]])
    func otherAnswersAreNone(answer: [UInt8]) {
        #expect(MCP3008.code(answer) == nil)
    }

    @Test func measuresItsInputs() async throws {
        let chip = SimulatedMCP3008(reference: 4.096)
        chip.set(volts: 1, channel: 0)
        chip.set(volts: 3, channel: 5)
        chip.set(volts: 9, channel: 7)
        bus.attach(chip)
        let driver = MCP3008(
            on: SPIPort(simulated: bus, name: "spi0.0"),
            inputs: [.single(0), .single(5), .pair(5, minus: 4), .pair(4, minus: 5), .single(7)], reference: 4.096)
        #expect(driver.id == "mcp3008-spi0.0")
        let measurements = try await driver.sample(driver.open())
        #expect(
            measurements.map(\.quantity.name) == ["voltage-0", "voltage-5", "voltage-54", "voltage-45", "voltage-7"])
        #expect(measurements.map(\.value) == [1, 3, 3, 0, 1023 * 4.096 / 1024].map { .number($0) })
        #expect(bus.settings?.mode == .mode0)
    }

    @Test func anAbsentConverterIsAFault() async throws {
        let driver = MCP3008(on: SPIPort(simulated: bus, name: "spi0.0"), inputs: [.single(0)])
        let device = try driver.open()
        let error = await #expect(throws: SensorError.self) { try await driver.sample(device) }
        #expect(
            error?.description == "MCP3008 at spi0.0: its answer is not that of the converter; "
                + "check the wiring and that it has power")
    }

    @Test(arguments: [
        MCP3008.Input.single(8), .single(-1), .single(.max), .pair(0, minus: 2), .pair(1, minus: 1), .pair(8, minus: 9),
        .pair(.min, minus: .max),
    ])
    func inputsThereAreNotAreRefused(input: MCP3008.Input) {
        let driver = MCP3008(on: SPIPort(simulated: bus, name: "spi0.0"), inputs: [input])
        #expect(throws: SensorError.self) { try driver.open() }
    }
}

struct MAX31855Tests {
    // 19-5793 rev. 5, table 4.
    @Test(
        arguments: [
            (0b0110_0100_0000_00, 1600), (0b0011_1110_1000_00, 1000), (0b0000_0110_0100_11, 100.75),
            (0b0000_0001_1001_00, 25), (0, 0), (0b1111_1111_1111_11, -0.25), (0b1111_1111_1111_00, -1),
            (0b1111_0000_0110_00, -250),
        ] as [(UInt32, Double)])
    func readsTheThermocouple(raw: UInt32, celsius: Double) {
        #expect(MAX31855.celsius(bytes(raw << 18 | 0x190 << 4)) == (celsius, 25))
        #expect(MAX31855.fault(bytes(raw << 18 | 0x190 << 4)) == nil)
    }

    // Table 5.
    @Test(
        arguments: [
            (0b0111_1111_0000, 127), (0b0110_0100_1001, 100.5625), (0b0001_1001_0000, 25), (0, 0),
            (0b1111_1111_1111, -0.0625),
            (0b1111_1111_0000, -1), (0b1110_1100_0000, -20), (0b1100_1001_0000, -55),
        ] as [(UInt32, Double)])
    func readsTheJunction(raw: UInt32, celsius: Double) {
        #expect(MAX31855.celsius(bytes(0x64 << 18 | raw << 4)) == (25, celsius))
    }

    // Table 3.
    @Test(
        arguments: [
            (0x0001_0001, "open"), (0x0001_0002, "ground"), (0x0001_0004, "supply"), (0x0001_0000, "without a reason"),
            (0x0000_0001, "open"), (0x0002_0000, "not that of the chip"), (0x0000_0008, "not that of the chip"),
            (0x0000_0000, "not that of the chip"), (0xFFFF_FFFF, "not that of the chip"),
        ] as [(UInt32, String)])
    func faultsAreNamed(word: UInt32, what: String) {
        #expect(MAX31855.fault(bytes(word))?.what.contains(what) == true)
    }

    @Test(arguments: [[], [0x01], [1, 2, 3], [1, 2, 3, 4, 5]] as [[UInt8]])
    func answersOfAnotherLengthAreFaults(bytes: [UInt8]) {
        #expect(MAX31855.fault(bytes) != nil)
        _ = MAX31855.celsius(bytes)
    }

    @Test func measuresBothEnds() async throws {
        let chip = SimulatedMAX31855(celsius: 412.25, junction: -3.5)
        let bus = SimulatedSPI(chip)
        let driver = MAX31855(on: SPIPort(simulated: bus, name: "spi0.1"))
        let device = try driver.open()
        let measurements = try await driver.sample(device)
        #expect(measurements.map(\.quantity.name) == ["temperature", "temperature-junction"])
        #expect(measurements.map(\.value) == [.number(412.25), .number(-3.5)])
        #expect(bus.settings?.mode == .mode0)
        chip.set(celsius: 0, junction: 25, fault: .open)
        let error = await #expect(throws: SensorError.self) { try await driver.sample(device) }
        #expect(
            error?.description == "MAX31855 at spi0.1: the thermocouple is open; check that it is connected")
        for fault in [SimulatedSPI.Fault.stuckLow, .stuckHigh, .bitError(byte: 3, bit: 3)] {
            bus.script([fault])
            await #expect(throws: SensorError.self) { try await driver.sample(device) }
        }
        chip.set(celsius: 1e9, junction: -1e9)
        #expect(try await driver.sample(device).map(\.value) == [.number(2047.75), .number(-128)])
    }

    private func bytes(_ word: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(word >> (24 - 8 * $0) & 0xFF) }
    }
}

struct MAX31865Tests {
    private let clock = ManualClock()
    private let chip = SimulatedMAX31865()
    private let bus: SimulatedSPI

    init() {
        bus = SimulatedSPI(chip)
    }

    private func driver(nominal: Double = 100, reference: Double? = nil, wiring: MAX31865.Wiring = .four) -> MAX31865 {
        MAX31865(
            on: SPIPort(simulated: bus, name: "spi0.0"), nominal: nominal, reference: reference, wiring: wiring,
            clock: clock)
    }

    /// A sample, all of whose waits are over: for the filter, the halves of the look at the wires, the filter again, and
    /// the conversion.
    private func sample(_ driver: MAX31865, _ device: MAX31865.Device) async throws -> [Measurement] {
        async let sample = driver.sample(device)
        for pause in [10, 3, 1, 6, 67] {
            await clock.sleepers(atLeast: 1)
            clock.advance(by: .milliseconds(pause))
        }
        return try await sample
    }

    // 19-6478 rev. 3, table 9: PT100, 400 ohms; temperature and ADC code. One code is 0.031 degrees, and 0.036 at the end.
    @Test(
        arguments: [
            (-200, 1517), (-175, 2394), (-150, 3254), (-125, 4101), (-100, 4936), (-75, 5762), (-50, 6579), (-40, 6903),
            (-30, 7227), (-20, 7550), (-10, 7871), (0, 8192), (10, 8512), (20, 8830), (30, 9148), (40, 9465),
            (50, 9781),
            (60, 10_096), (70, 10_410), (80, 10_723), (90, 11_035), (100, 11_346), (110, 11_657), (120, 11_966),
            (130, 12_274), (140, 12_582), (150, 12_888), (160, 13_194), (170, 13_498), (180, 13_802), (190, 14_104),
            (200, 14_406), (225, 15_156), (250, 15_901), (275, 16_639), (300, 17_371), (325, 18_098), (350, 18_818),
            (375, 19_533), (400, 20_242), (425, 20_945), (450, 21_642), (475, 22_333), (500, 23_018), (525, 23_697),
            (550, 24_370),
        ] as [(Double, Double)])
    func tableOfTheDatasheet(celsius: Double, code: Double) throws {
        let found = try #require(MAX31865.celsius(code / 32_768 * 4))
        #expect(abs(found - celsius) < 0.04, "\(found)")
    }

    // Table 5: ratio of the resistances and register, of which the lowest bit tells of faults.
    @Test(
        arguments: [
            (0x0666, 0.025), (0x2000, 0.125), (0x4000, 0.25), (0x8000, 0.5), (0xC000, 0.75), (0xFFFE, 0.999),
        ] as [(UInt16, Double)])
    func tableOfTheRatios(register: UInt16, ratio: Double) {
        #expect(abs(MAX31865.ratio(register) - ratio) < 0.001)
        #expect(MAX31865.ratio(register) == Double(register) / 65_536)
    }

    // IEC 60751, table of PT100 resistances, to their last digit: half of 0.01 ohms is 0.013 to 0.017 degrees.
    @Test(
        arguments: [
            (-200, 18.52), (-100, 60.26), (0, 100), (100, 138.51), (200, 175.86), (300, 212.05), (400, 247.09),
            (500, 280.98), (600, 313.71), (850, 390.48),
        ] as [(Double, Double)])
    func tableOfTheStandard(celsius: Double, ohms: Double) throws {
        let found = try #require(MAX31865.celsius(ohms / 100))
        #expect(abs(found - celsius) < 0.02, "\(found)")
    }

    @Test func itIsTheInverseOfTheEquationToAMicrodegree() throws {
        for step in -2040...8540 {
            let t = Double(step) / 10
            let low = t < 0 ? -4.183e-12 * (t - 100) * t * t * t : 0
            let found = try #require(MAX31865.celsius(1 + 3.9083e-3 * t - 5.775e-7 * t * t + low))
            #expect(abs(found - t) < 1e-6, "\(t): \(found)")
        }
    }

    @Test(
        arguments: [
            (0.025, 0x0666), (0.125, 0x2000), (0.25, 0x4000), (0.5, 0x8000), (0.75, 0xC000), (1, 0xFFFE), (9, 0xFFFE),
            (.infinity, 0xFFFE), (0, 0), (-1, 0),
        ] as [(Double, UInt16)])
    func registersOfRatiosAreTheNearest(ratio: Double, register: UInt16) {
        #expect(MAX31865.register(ratio) == register)
    }

    @Test(arguments: [0, -1, 0.1, 3.99, 4, 1e300, -.infinity, .infinity, .nan] as [Double])
    func resistancesNoTemperatureHasAreNone(ratio: Double) {
        #expect(MAX31865.celsius(ratio) == nil)
    }

    @Test func measuresOnceAndSwitchesTheCurrentOff() async throws {
        let driver = driver()
        let device = try await driver.open()
        chip.set(ratio: 0.25)
        let measurements = try await sample(driver, device)
        #expect(measurements.map(\.quantity.name) == ["temperature", "resistance"])
        #expect(measurements.map(\.value) == [.number(0), .number(100)])
        #expect(chip.configuration == 0x01, "no bias, filter for 50 Hz")
        #expect(bus.settings?.mode == .mode1)
    }

    @Test func aThousandOhmsAndThreeWires() async throws {
        let driver = driver(nominal: 1000, reference: 4300, wiring: .three)
        let device = try await driver.open()
        #expect(chip.configuration == 0x11)
        chip.set(ratio: 1000.0 / 4300)
        let value = try await sample(driver, device)[1].value
        #expect(value == .number((1000.0 / 4300 * 32_768).rounded() / 32_768 * 4300))
    }

    @Test(
        arguments: [
            (0x04, "beyond the supply"), (0x80, "open sensor"), (0x40, "short circuit"), (0x20, "wire is open"),
            (0x10, "FORCE- open"), (0x08, "RTDIN-"), (0x00, "without a reason"), (0x84, "beyond the supply"),
        ] as [(UInt8, String)])
    func faultsAreNamed(status: UInt8, what: String) {
        #expect(MAX31865.fault(status).contains(what))
    }

    @Test func aFaultEndsTheSampleWithTheCurrentOff() async throws {
        let driver = driver()
        let device = try await driver.open()
        chip.set(fault: 0x80)
        let error = await #expect(throws: SensorError.self) { try await sample(driver, device) }
        #expect(error?.description.contains("open sensor") == true)
        #expect(chip.configuration == 0x01)
        chip.set(fault: 0)
        #expect(try await sample(driver, device)[0].value == .number(0), "the fault is cleared")
        chip.set(ratio: 0.99)
        await #expect(throws: SensorError.self) { try await sample(driver, device) }
    }

    // Bits 5 to 3 of table 7, which no conversion sets.
    @Test(
        arguments: [(0x20, "a wire is open"), (0x10, "REFIN- is below"), (0x08, "RTDIN- is below")]
            as [(UInt8, String)])
    func theWiresAreLookedAtInEverySample(fault: UInt8, what: String) async throws {
        let driver = driver()
        let device = try await driver.open()
        _ = try await sample(driver, device)
        chip.set(fault: fault)
        let error = await #expect(throws: SensorError.self) { try await sample(driver, device) }
        #expect(error?.description.contains(what) == true)
        #expect(chip.configuration == 0x01)
        chip.set(fault: 0)
        _ = try await sample(driver, device)
    }

    /// Passes everything on and keeps what was written.
    private final class Recorder: SimulatedSPIDevice {
        private let chip: SimulatedMAX31865
        private let written = Mutex<[[UInt8]]>([])

        init(_ chip: SimulatedMAX31865) { self.chip = chip }

        var writes: [[UInt8]] { written.withLock { $0 } }

        func exchange(_ bytes: [UInt8]) -> [UInt8] {
            if let first = bytes.first, first & 0x80 != 0 { written.withLock { $0.append(bytes) } }
            return chip.exchange(bytes)
        }
    }

    // Section "Fault Detection Cycle (D3:D2)": 100X100X, five time constants, 100X110X. Thresholds at 855 and -205 degrees:
    // 391.94 and 16.3 of 400 ohms.
    @Test func theCycleIsThatOfTheDatasheet() async throws {
        let recorder = Recorder(chip)
        bus.attach(recorder)
        let driver = driver(wiring: .three)
        _ = try await sample(driver, try await driver.open())
        #expect(
            recorder.writes == [
                [0x80, 0x11], [0x83, 0xFA, 0xD8, 0x0A, 0x6E], [0x80, 0x93], [0x80, 0x99], [0x80, 0x9D], [0x80, 0xB1],
                [0x80, 0x11],
            ])
    }

    @Test(
        arguments: [(0.98, "open sensor"), (0.9799, "open sensor"), (0.04, "short circuit"), (0, "short circuit")]
            as [(Double, String)])
    func whatNoTemperatureMakesIsAFaultOfTheChip(ratio: Double, what: String) async throws {
        let driver = driver()
        let device = try await driver.open()
        chip.set(ratio: ratio)
        let error = await #expect(throws: SensorError.self) { try await sample(driver, device) }
        #expect(error?.description.contains(what) == true)
    }

    // 850 and -200 degrees.
    @Test(arguments: [0.976, 0.0464] as [Double]) func theEndsOfTheRangeAreNone(ratio: Double) async throws {
        let driver = driver()
        let device = try await driver.open()
        chip.set(ratio: ratio)
        _ = try await sample(driver, device)
    }

    @Test(arguments: [SimulatedSPI.Fault.stuckHigh, .stuckLow])
    func aChipThatGoesIsNoticedBeforeTheConversion(fault: SimulatedSPI.Fault) async throws {
        let clock = SkippingClock()
        let driver = MAX31865(on: SPIPort(simulated: bus, name: "spi0.0"), clock: clock)
        let device = try await driver.open()
        bus.hold(fault)
        let error = await #expect(throws: SensorError.self) { try await driver.sample(device) }
        #expect(error?.description.contains("after a look at the wires, and not 0x81") == true)
        #expect(clock.now.offset == .milliseconds(14))
        bus.hold(nil)
        #expect(try await driver.sample(device)[0].value == .number(0))
    }

    @Test func anAbsentChipIsToldAtTheStart() async throws {
        bus.detach()
        let error = await #expect(throws: SensorError.self) { try await driver().open() }
        #expect(
            error
                == .wrongChip(
                    sensor: "MAX31865 at spi0.0", what: "configuration", expected: "0x01", found: "0xff"))
    }

    @Test(arguments: [0, -1, .nan, .infinity] as [Double]) func resistancesThatCannotBeAreRefused(ohms: Double) async {
        await #expect(throws: SensorError.self) { try await driver(nominal: ohms).open() }
        await #expect(throws: SensorError.self) { try await driver(reference: ohms).open() }
    }
}
