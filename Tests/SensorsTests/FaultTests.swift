import Dispatch
import Hardware
import Sensors
import Supervision
import Testing

/// What goes wrong with a chip costs its own sensor a restart, and the others on its bus their schedule never.
@Suite(.timeLimit(.minutes(10)))
struct FaultTests {
    enum Fault: CaseIterable {
        case noAcknowledge, shortRead, bitError, timeout
        /// The chip holds the bus for two seconds, then the transaction times out.
        case heldBus
        /// The chip is away for two seconds.
        case goneAndBack
    }

    private static let address: I2CAddress = 0x44

    private let fixture = Fixture()
    private let wires = SimulatedI2C()
    private let port: I2CPort
    /// The waits of the drivers take no time of the schedule.
    private let clock = SkippingClock()

    init() {
        port = I2CPort(simulated: wires, name: "i2c-1")
    }

    @Test(arguments: Fault.allCases) func aFaultStaysWithItsSensor(_ fault: Fault) async throws {
        let chip = SimulatedSHT(.sht3x, celsius: Course.celsius(of: "victim"), humidity: 45)
        wires.attach(chip, at: Self.address)
        let victim = sensor(SHT3x(on: port, clock: clock), id: "victim", phase: .at(.milliseconds(500)))
        let neighbours = neighbours()
        // The chip that is away is tried again in vain twice.
        let failures = fault == .goneAndBack ? 3 : 1

        try await fixture.run([victim.childSpec] + neighbours.map(\.sensor.childSpec)) { () async throws in
            var course = Course(fixture: fixture, neighbours: neighbours)
            try await course.neighboursMeasure()
            var opened: I2CBus? = try port.open()
            weak let bus = opened
            opened = nil
            for _ in 1...2 { try await course.second() }

            try await begin(fault, chip, &course)
            for failure in 1...failures {
                #expect(try await event("root/victim failed: ") == "root/victim failed: \(reason(for: fault))")
                _ = try await event("root/victim restarts in ")
                if failure == failures { end(chip) }
                // The delay of half a second doubles each time; chance only shortens it.
                for _ in 0..<(1 << (failure - 1)) { try await course.halfSecond() }
            }
            #expect(try await event("root/victim started again") == "root/victim started again, restart 1")
            for _ in 1...3 { try await course.second() }

            #expect(try port.open() === bus, "which its sensors have kept open")
            #expect(victim.statistics.counts.failures == failures)
            for neighbour in neighbours {
                let (id, counts) = (neighbour.sensor.childSpec.id, neighbour.sensor.statistics.counts)
                #expect(counts.failures == 0, "\(id)")
                #expect(counts.missed == course.missed && counts.missed <= 1, "\(id) missed \(counts.missed)")
                #expect(counts.readings == (course.ticks - counts.missed) * neighbour.quantities, "\(id)")
            }
        }
    }

    // MARK: - Who is on the bus

    private func sensor(_ driver: some PolledDriver, id: String? = nil, phase: SamplingPhase = .atStart) -> Sensor {
        Sensor(driver, id: id, every: .seconds(1), phase: phase, into: fixture.readings, clock: fixture.clock)
    }

    /// Their drivers look at checksums, at calibration and readiness, at an identity, and at nothing.
    private func neighbours() -> [Neighbour] {
        let celsius = Course.celsius(of: "neighbours")
        wires.attach(SimulatedSHT(.sht4x, celsius: celsius), at: 0x45)
        wires.attach(SimulatedBME280(celsius: celsius), at: 0x76)
        wires.attach(SimulatedEMC1413(celsius: celsius), at: 0x4C)
        wires.attach(SimulatedTMP105(celsius: celsius), at: 0x48)
        return [
            Neighbour(sensor: sensor(SHT4x(on: port, address: 0x45, clock: clock)), quantities: 2),
            Neighbour(sensor: sensor(BME280(on: port, clock: clock)), quantities: 3),
            Neighbour(sensor: sensor(EMC1413(on: port, clock: clock)), quantities: 3),
            Neighbour(sensor: sensor(TMP102(on: port)), quantities: 1),
        ]
    }

    // MARK: - What goes wrong

    /// Lets the victim's next sample go wrong, and comes to its moment.
    private func begin(_ fault: Fault, _ chip: SimulatedSHT, _ course: inout Course) async throws {
        switch fault {
        case .noAcknowledge: wires.script([.noAcknowledge], at: Self.address)
        case .timeout: wires.script([.timeout], at: Self.address)
        // Until the sample has failed, for it begins with a command, in which neither is to be seen.
        case .shortRead: wires.hold(.shortRead(5), at: Self.address)
        case .bitError: wires.hold(.bitError(byte: 3, bit: 0), at: Self.address)
        case .goneAndBack: wires.detach(at: Self.address)
        case .heldBus: return try await hold(chip, &course)
        }
        try await course.halfSecond()
    }

    private func hold(_ chip: SimulatedSHT, _ course: inout Course) async throws {
        let holding = Holding(chip)
        // Also when the test has failed: the bus's thread must not be held for ever.
        defer { holding.letGo() }
        wires.attach(holding, at: Self.address)
        try await course.halfSecond()
        for await _ in holding.begins { break }
        // Two ticks of the neighbours are due meanwhile; the first comes late, the second not at all.
        for _ in 1...4 { course.pass() }
        #expect(fixture.readings.statistics.depth == 0, "nobody gets to the bus")
        course.missed = 1
        // As the kernel reports it: after the bus was held.
        wires.script([.timeout], at: Self.address)
        wires.attach(chip, at: Self.address)
        holding.letGo()
        try await course.neighboursMeasure()
    }

    private func end(_ chip: SimulatedSHT) {
        wires.hold(nil, at: Self.address)
        wires.attach(chip, at: Self.address)
    }

    private func reason(for fault: Fault) -> any Error {
        let chip = "SHT3x at 0x44 on i2c-1"
        switch fault {
        case .noAcknowledge, .goneAndBack: return I2CError.noAcknowledge(bus: "i2c-1", address: Self.address)
        case .timeout, .heldBus: return I2CError.timeout(bus: "i2c-1", address: Self.address)
        case .shortRead: return SensorError.shortAnswer(sensor: chip, expected: 6, found: 5)
        case .bitError:
            // 45 % of humidity are 0x7333 (datasheet, section 4.13).
            return SensorError.badChecksum(
                sensor: chip, of: "measurement", expected: CRC8.sensirion.checksum([0x72, 0x33]),
                found: CRC8.sensirion.checksum([0x73, 0x33]))
        }
    }

    /// The next event that begins so.
    private func event(_ beginning: String) async throws -> String {
        while true {
            let event = try await fixture.nextEvent()
            if event.hasPrefix(beginning) { return event }
        }
    }
}

private struct Neighbour {
    let sensor: Sensor
    /// Readings of each tick.
    let quantities: Int
}

/// Holds its bus's thread at the first message, until told to let go.
private final class Holding: SimulatedI2CDevice {
    /// One element once it holds the bus.
    let begins: AsyncStream<Void>

    private let device: SimulatedSHT
    private let began: AsyncStream<Void>.Continuation
    private let end = DispatchSemaphore(value: 0)

    init(_ device: SimulatedSHT) {
        self.device = device
        (begins, began) = AsyncStream.makeStream()
    }

    func write(_ bytes: [UInt8]) {
        began.yield()
        end.wait()
        device.write(bytes)
    }

    func read(_ count: Int) -> [UInt8] { device.read(count) }

    func letGo() { end.signal() }
}

/// Time passes in halves of a second: at whole seconds the neighbours are to be sampled, between them the victim.
///
/// It passes only after all have been sampled who were to be, so nobody misses a tick because the test's machine is slow.
private struct Course {
    let fixture: Fixture
    let neighbours: [Neighbour]
    /// Ticks that each neighbour cannot but have missed.
    var missed = 0
    var halfSeconds = 0
    var readings: [String: Int] = [:]
    var victimSamples = 0

    /// Of each neighbour until now; the first is at once.
    var ticks: Int { halfSeconds / 2 + 1 }

    /// What the chips are set to.
    static func celsius(of sensor: String) -> Double { sensor == "victim" ? 30 : 21 }

    mutating func pass() {
        halfSeconds += 1
        fixture.clock.advance(by: .milliseconds(500))
    }

    mutating func halfSecond() async throws {
        pass()
        if halfSeconds.isMultiple(of: 2) { try await neighboursMeasure() }
    }

    /// From one whole second to the next, while all is right.
    mutating func second() async throws {
        try await halfSecond()
        victimSamples += 1
        // Temperature and humidity.
        while readings["victim", default: 0] < 2 * victimSamples { try await take() }
        try await halfSecond()
    }

    mutating func neighboursMeasure() async throws {
        for neighbour in neighbours {
            let goal = (ticks - missed) * neighbour.quantities
            while readings[neighbour.sensor.childSpec.id, default: 0] < goal { try await take() }
        }
    }

    /// No reading is made of what a fault has left of an answer.
    mutating func take() async throws {
        let reading = try await fixture.nextReading()
        readings[reading.sensor, default: 0] += 1
        guard reading.quantity == .temperature, case .number(let celsius) = reading.value else { return }
        #expect(abs(celsius - Self.celsius(of: reading.sensor)) < 0.02, "\(reading.sensor)")
    }
}
