import Hardware
import Supervision
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

    @Test(arguments: DriverCase.all) func itMeasuresWhatTheChipWasSetTo(_ test: DriverCase) async throws {
        let chip = test.makeChip()
        bus.attach(chip.device, at: test.address)
        let driver = test.makeDriver(port, SkippingClock())
        for state in 0..<test.states {
            let expected = chip.set(state)
            let measurements = try await sample(driver)
            #expect(Set(measurements.map(\.quantity.name)) == Set(expected.map(\.quantity)), "state \(state)")
            for (quantity, value, tolerance) in expected {
                let measurement = try #require(measurements.first { $0.quantity.name == quantity })
                #expect(
                    abs(number(measurement.value) - value) <= tolerance,
                    "\(quantity) in state \(state): \(measurement.value), not \(value)")
            }
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
            while try await fixture.nextEvent() != failure {}
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
