import Hardware
import Supervision
import Synchronization
import Testing

@testable import Sensors

/// What every driver of an I2C chip must do, whatever the chip.
@Suite(.timeLimit(.minutes(10)))
struct DriverTests {
    private let bus = SimulatedI2C()
    private let port: I2CPort

    init() {
        port = I2CPort(simulated: bus, name: "i2c-1")
    }

    /// A driver whose device's type is not known: opens at every sample.
    private func sample(_ driver: any PolledDriver) async throws -> [Measurement] {
        func run(_ driver: some PolledDriver) async throws -> [Measurement] {
            try await driver.sample(try await driver.open())
        }
        return try await run(driver)
    }

    private func number(_ value: Reading.Value) -> Double {
        switch value {
        case .number(let number): number
        case .bool(let bool): bool ? 1 : 0
        }
    }

    private func check(_ measurements: [Measurement], are expected: [DriverCase.Value], state: Int) throws {
        #expect(Set(measurements.map(\.quantity.name)) == Set(expected.map(\.quantity)), "state \(state)")
        for (quantity, value, tolerance) in expected {
            let measurement = try #require(measurements.first { $0.quantity.name == quantity })
            #expect(
                abs(number(measurement.value) - value) <= tolerance,
                "\(quantity) in state \(state): \(measurement.value), not \(value)")
        }
    }

    @Test(arguments: DriverCase.all) func itMeasuresWhatTheChipWasSetTo(_ test: DriverCase) async throws {
        let chip = test.makeChip()
        bus.attach(chip.device, at: test.address)
        let driver = test.makeDriver(port, SkippingClock())
        for state in 0..<test.states {
            let expected = chip.set(state)
            try check(try await sample(driver), are: expected, state: state)
        }
    }

    @Test(arguments: DriverCase.all) func itsIdNamesTypeAndAddress(_ test: DriverCase) {
        let driver = test.makeDriver(port, SkippingClock())
        #expect(driver.id == "\(test.name.lowercased())-\(test.address)")
    }

    @Test(arguments: DriverCase.all) func anAbsentChipIsNotAcknowledged(_ test: DriverCase) async throws {
        let driver = test.makeDriver(port, SkippingClock())
        await #expect(throws: I2CError.noAcknowledge(bus: "i2c-1", address: test.address)) { try await sample(driver) }
    }

    /// What another chip, or a broken one, may say.
    private struct Stranger: SimulatedI2CDevice {
        let byte: UInt8

        func write(_ bytes: [UInt8]) {}

        func read(_ count: Int) -> [UInt8] { [UInt8](repeating: byte, count: count) }
    }

    @Test(arguments: DriverCase.all.filter(\.knowsItsChip), [0x00, 0xFF, 0x55] as [UInt8])
    func anotherChipAtItsAddressIsNoticed(_ test: DriverCase, byte: UInt8) async throws {
        // An LM75 has nothing to say of itself but that its configuration is 0.
        if test.name == "LM75", byte == 0 { return }
        bus.attach(Stranger(byte: byte), at: test.address)
        let driver = test.makeDriver(port, SkippingClock())
        let error = try #require(await #expect(throws: SensorError.self) { try await sample(driver) })
        // Which chip, where, and on which bus.
        #expect(error.description.contains("\(test.name) at \(test.address) on i2c-1"), "\(error)")
    }

    /// Passes everything on and changes what is read.
    private final class Noise: SimulatedI2CDevice {
        private let device: any SimulatedI2CDevice
        private let seed: UInt64

        init(_ device: any SimulatedI2CDevice, seed: UInt64) {
            self.device = device
            self.seed = seed
        }

        func write(_ bytes: [UInt8]) { device.write(bytes) }

        func read(_ count: Int) -> [UInt8] {
            // A linear congruential generator (Knuth's MMIX) is random enough for nonsense.
            var state = seed
            return device.read(count).map { byte in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return state >> 62 == 0 ? UInt8(truncatingIfNeeded: state >> 40) : byte
            }
        }
    }

    @Test(arguments: DriverCase.all) func nonsenseNeverTraps(_ test: DriverCase) async throws {
        let chip = test.makeChip()
        for seed in 0..<200 {
            _ = chip.set(seed % test.states)
            bus.attach(Noise(chip.device, seed: UInt64(seed)), at: test.address)
            do {
                _ = try await sample(test.makeDriver(port, SkippingClock()))
            } catch {
                #expect(error is SensorError, "\(error)")
            }
        }
    }

    /// None takes what there is for a measurement, or traps on what is not there.
    @Test(arguments: DriverCase.all, [0, 1, 2, 5])
    func aShortAnswerIsNoMeasurement(_ test: DriverCase, bytes: Int) async throws {
        let chip = test.makeChip()
        let expected = chip.set(0)
        bus.attach(chip.device, at: test.address)
        bus.hold(.shortRead(bytes), at: test.address)
        let measurements: [Measurement]
        do {
            measurements = try await sample(test.makeDriver(port, SkippingClock()))
        } catch SensorError.shortAnswer(let sensor, _, let found) {
            #expect(sensor == "\(test.name) at \(test.address) on i2c-1" && found == bytes)
            return
        }
        #expect(bytes > 0, "every driver reads something")
        // It never asked for more at once.
        try check(measurements, are: expected, state: 0)
    }

    /// Is unplugged after so many messages.
    private final class Vanishing: SimulatedI2CDevice {
        private let device: any SimulatedI2CDevice
        private let left: Atomic<Int>
        private let vanish: @Sendable () -> Void

        init(_ device: any SimulatedI2CDevice, after messages: Int, vanish: @escaping @Sendable () -> Void) {
            self.device = device
            self.vanish = vanish
            left = Atomic(messages)
        }

        func write(_ bytes: [UInt8]) {
            device.write(bytes)
            count()
        }

        func read(_ count: Int) -> [UInt8] {
            defer { self.count() }
            return device.read(count)
        }

        private func count() {
            if left.wrappingSubtract(1, ordering: .relaxed).newValue == 0 { vanish() }
        }
    }

    /// Whichever of its transactions is not acknowledged, that is the error.
    @Test(arguments: DriverCase.all) func theChipMayGoAtAnyMoment(_ test: DriverCase) async throws {
        let chip = test.makeChip()
        _ = chip.set(0)
        var failures = 0
        for messages in 1... {
            let vanishing = Vanishing(chip.device, after: messages) { [bus] in bus.detach(at: test.address) }
            bus.attach(vanishing, at: test.address)
            do {
                _ = try await sample(test.makeDriver(port, SkippingClock()))
                break
            } catch {
                #expect(error as? I2CError == .noAcknowledge(bus: "i2c-1", address: test.address), "\(error)")
                failures += 1
            }
            try #require(messages < 200)
        }
        #expect(failures >= 1)
    }

    /// Changes what is read of one byte of a register.
    private final class Masked: SimulatedI2CDevice {
        struct Mask: Sendable {
            let register: UInt8
            var byte = 0
            var set: UInt8 = 0
            var clear: UInt8 = 0
        }

        private let device: any SimulatedI2CDevice
        private let mask: Mask
        private let pointer = Atomic<UInt8>(0)

        init(_ device: any SimulatedI2CDevice, _ mask: Mask) {
            self.device = device
            self.mask = mask
        }

        func write(_ bytes: [UInt8]) {
            device.write(bytes)
            pointer.store(bytes[0], ordering: .relaxed)
        }

        func read(_ count: Int) -> [UInt8] {
            var bytes = device.read(count)
            if pointer.load(ordering: .relaxed) == mask.register, bytes.indices.contains(mask.byte) {
                bytes[mask.byte] = bytes[mask.byte] & ~mask.clear | mask.set
            }
            return bytes
        }
    }

    @Test(
        arguments: [
            ("BME280", .init(register: 0xF3, set: 1), "its start", .milliseconds(20)),
            ("BME280", .init(register: 0xF3, set: 8), "the measurement", .milliseconds(10)),
            ("BMP280", .init(register: 0xF3, set: 8), "the measurement", .milliseconds(10)),
            ("ADS1115", .init(register: 1, clear: 0x80), "the conversion", .milliseconds(20)),
            ("INA219", .init(register: 2, byte: 1, clear: 2), "the conversion", .milliseconds(10)),
            ("DPS310", .init(register: 8, clear: 0x80), "its start", .milliseconds(100)),
            ("DPS310", .init(register: 8, clear: 0x20), "a measurement", .seconds(1)),
            ("LSM303DLHC", .init(register: 9, clear: 1), "a measurement", .milliseconds(200)),
        ] as [(String, Masked.Mask, String, Duration)])
    private func aChipThatNeverGetsReadyIsGivenUp(
        name: String, mask: Masked.Mask, what: String, waited: Duration
    ) async throws {
        let test = try #require(DriverCase.all.first { $0.name == name })
        bus.attach(Masked(test.makeChip().device, mask), at: test.address)
        let error = SensorError.notReady(sensor: "\(name) at \(test.address) on i2c-1", what: what, waited: waited)
        await #expect(throws: error) { try await sample(test.makeDriver(port, SkippingClock())) }
    }

    /// What a chip says that has not measured since a loss of power, or has lost its calibration.
    @Test(
        arguments: [
            (0xF7, [0x80, 0, 0, 0x80, 0, 0, 0x80, 0]), (0xF7, [0x80, 0, 0]), (0xFA, [0x80, 0, 0]),
            (0x88, [UInt8](repeating: 0, count: 24)),
            (0x88, [UInt8](repeating: 0xFF, count: 24)),
        ] as [(UInt8, [UInt8])]) func aChipThatHasNotMeasuredIsAFault(register: UInt8, bytes: [UInt8]) async throws
    {
        let chip = SimulatedBME280()
        for (index, byte) in bytes.enumerated() { chip.registers[register + UInt8(index)] = [byte] }
        bus.attach(chip, at: 0x76)
        let error = await #expect(throws: SensorError.self) {
            try await sample(BME280(on: port, clock: SkippingClock()))
        }
        guard case .fault = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    /// BST-BME280-DS002, section 5.4.3: without an oversampling in register 0xF2, as after a loss of power, only the
    /// humidity is skipped. What it reads then can also be measured.
    @Test func aHumidityThatWasSkippedIsAFault() async throws {
        let chip = SimulatedBME280()
        bus.attach(chip, at: 0x76)
        let driver = BME280(on: port, clock: SkippingClock())
        let barometer = try await driver.open()
        // 0x8000 with the parameters of the simulated chip.
        chip.set(celsius: 21, pascal: 101_325, humidity: 180.5)
        #expect(try await driver.sample(barometer).count == 3)
        #expect(chip.registers[0xFD] == [0x80] && chip.registers[0xFE] == [0])
        chip.registers[0xF2] = [0]
        let error = await #expect(throws: SensorError.self) { try await driver.sample(barometer) }
        #expect(
            error?.description == "BME280 at 0x76 on i2c-1: it has not measured the humidity; "
                + "it may have lost power; the next start configures it anew")
        #expect(try await sample(driver).count == 3)
    }

    /// SBOS398C, table 3: bit 1 of the lower bytes tells of a supply that was too low, bit 0 of an open diode.
    @Test(arguments: [0x10, 0x11] as [UInt8]) func aSupplyThatIsTooLowIsAFault(register: UInt8) async throws {
        let chip = SimulatedTMP421(celsius: 21, remote: nil)
        bus.attach(chip, at: 0x4C)
        let driver = TMP421(on: port, clock: SkippingClock())
        let device = try await driver.open()
        #expect(try await driver.sample(device) == [Measurement(.temperature, .number(21))])
        let lower = chip.registers[register]?.first ?? 0
        chip.registers[register] = [lower | 0x02]
        let error = await #expect(throws: SensorError.self) { try await driver.sample(device) }
        #expect(
            error?.description
                == "TMP421 at 0x4c on i2c-1: its supply is too low to measure; it needs 2.7 V at least")
        chip.registers[register] = [lower]
        _ = try await driver.sample(device)
    }

    /// SLLS648, section "Configuration Register": all bits are 0 at power-up, which is a resolution of 9 bits.
    @Test func aThermometerThatIsNoLongerConfiguredIsAFault() async throws {
        let chip = SimulatedTMP105(celsius: 21.0625)
        bus.attach(chip, at: 0x48)
        let driver = TMP105(on: port, clock: SkippingClock())
        let device = try await driver.open()
        // With the bit that tells of the alert.
        chip.registers[1] = [0xE0]
        #expect(try await driver.sample(device) == [Measurement(.temperature, .number(21.0625))])
        chip.registers[1] = [0]
        let error = await #expect(throws: SensorError.self) { try await driver.sample(device) }
        #expect(
            error?.description == "TMP105 at 0x48 on i2c-1: its configuration is 0x00 and not 0x60; "
                + "it may have lost power; the next start configures it anew")
    }

    @Test(arguments: [SimulatedSHT.Model.sht3x, .sht4x]) func damagedMeasurementsAreNotTaken(
        model: SimulatedSHT.Model
    ) async throws {
        let chip = SimulatedSHT(model)
        bus.attach(chip, at: 0x44)
        func damage(_ driver: some PolledDriver) async throws {
            let device = try await driver.open()
            chip.damage(0x10)
            let error = await #expect(throws: SensorError.self) { try await driver.sample(device) }
            guard case .badChecksum(_, of: "measurement", _, _) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            chip.damage(0)
            _ = try await driver.sample(device)
        }
        switch model {
        case .sht3x: try await damage(SHT3x(on: port, clock: SkippingClock()))
        case .sht4x: try await damage(SHT4x(on: port, clock: SkippingClock()))
        }
    }

    @Test(arguments: [(0x8012, "did not take"), (0x8011, "wrong checksum"), (0xA010, "heater")] as [(UInt16, String)])
    func aResetThatFailedIsAFault(status: UInt16, what: String) async throws {
        let chip = SimulatedSHT(.sht3x)
        bus.attach(chip, at: 0x44)
        let driver = SHT3x(on: port, clock: SkippingClock())
        chip.set(status: status)
        let error = await #expect(throws: SensorError.self) { try await driver.open() }
        #expect(error?.description.hasPrefix("SHT3x at 0x44 on i2c-1: ") == true)
        #expect(error?.description.contains(what) == true)
        chip.set(status: 0x8010)
        _ = try await driver.open()
    }

    /// A sensor that must settle does not keep the next one from starting.
    @Test func settlingIsNotWaitedForInTheStart() async throws {
        bus.attach(SimulatedTMP105(celsius: 20), at: 0x48)
        let clock = SkippingClock()
        let driver = TMP105(on: port, clock: clock)
        let device = try await driver.open()
        #expect(clock.now.offset == .zero)
        _ = try await driver.sample(device)
        #expect(clock.now.offset == .milliseconds(300))
        _ = try await driver.sample(device)
        #expect(clock.now.offset == .milliseconds(300), "only once")
    }

    /// The chip has no power between two samples, which nobody sees: it answers as before, from its state at power-up.
    /// It measures rightly or is a failure, and after the next start it measures rightly.
    @Test(arguments: DriverCase.all) func powerThatWasAwayUnseenMakesNoWrongValue(_ test: DriverCase) async throws {
        func run(_ driver: some PolledDriver) async throws {
            for state in 0..<test.states {
                let before = test.makeChip()
                _ = before.set(state)
                bus.attach(before.device, at: test.address)
                let device = try await driver.open()
                _ = try await driver.sample(device)

                let after = test.makeChip()
                let expected = after.set(state)
                bus.attach(after.device, at: test.address)
                do {
                    try check(try await driver.sample(device), are: expected, state: state)
                } catch is SensorError {
                    // It was noticed.
                }
                try check(try await driver.sample(try await driver.open()), are: expected, state: state)
            }
        }
        try await run(test.makeDriver(port, SkippingClock()))
    }

    /// The drivers on one bus, under one supervisor: one chip goes and comes back.
    @Test(arguments: DriverCase.all) func theChipMayGoAndComeBack(_ test: DriverCase) async throws {
        let fixture = Fixture()
        let chip = test.makeChip()
        let count = chip.set(0).count
        bus.attach(chip.device, at: test.address)
        bus.attach(SimulatedTMP105(celsius: 20), at: 0x4F)
        let driver = test.makeDriver(port, SkippingClock())
        let neighbour = TMP102(on: port, address: 0x4F)
        let children = [
            Sensor(driver, id: "it", every: .seconds(1), into: fixture.readings, clock: fixture.clock).childSpec,
            Sensor(neighbour, id: "neighbour", every: .seconds(1), into: fixture.readings, clock: fixture.clock)
                .childSpec,
        ]
        try await fixture.run(children) { () async throws in
            var counts: [String: Int] = [:]
            func readings(_ sensor: String, _ goal: Int) async throws {
                while counts[sensor, default: 0] < goal {
                    counts[try await fixture.nextReading().sensor, default: 0] += 1
                }
            }
            try await readings("it", count)
            try await readings("neighbour", 1)
            bus.detach(at: test.address)
            await fixture.clock.sleepers(atLeast: 2)
            fixture.clock.advance(by: .seconds(1))
            let failure = "root/it failed: no device answers at address \(test.address) on i2c-1"
            var event = ""
            while !event.hasPrefix("root/it failed") { event = try await fixture.nextEvent() }
            #expect(event == failure)
            // The neighbour ticks on.
            try await readings("neighbour", 2)
            bus.attach(chip.device, at: test.address)
            await fixture.clock.sleepers(atLeast: 2)
            fixture.clock.advance(by: .milliseconds(500))
            while try await fixture.nextEvent() != "root/it started again, restart 1" {}
            try await readings("it", 2 * count)
        }
    }
}
