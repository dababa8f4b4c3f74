import Hardware
import Synchronization
import Testing

@testable import Sensors

struct AT24CTests {
    private let bus = SimulatedI2C()
    private let port: I2CPort

    init() {
        port = I2CPort(simulated: bus, name: "i2c-1")
    }

    private func memory(_ size: AT24C.Size, _ chip: SimulatedAT24C) async throws -> AT24C.Memory {
        try chip.attach(to: bus, at: 0x50)
        return try await AT24C(on: port, size: size, clock: SkippingClock()).open()
    }

    @Test(arguments: [AT24C.Size.c01, .c02, .c04, .c08, .c16, .c32, .c64, .c128, .c256, .c512])
    func whatIsWrittenIsRead(size: AT24C.Size) async throws {
        let chip = SimulatedAT24C(capacity: size.capacity, page: size.page)
        let memory = try await memory(size, chip)
        #expect(memory.capacity == size.capacity)
        let content = (0..<size.capacity).map { UInt8(truncatingIfNeeded: $0 &* 167 >> 3) }
        // In odd pieces, which begin and end in the middle of pages.
        var place = 0
        while place < content.count {
            let end = min(place + 1 + place % 97, content.count)
            try await memory.write(Array(content[place..<end]), at: place)
            place = end
        }
        #expect(chip.bytes == content)
        #expect(try await memory.read(content.count, at: 0) == content)
        #expect(try await memory.read(3, at: content.count - 3) == Array(content.suffix(3)))
        #expect(try await memory.read(0, at: content.count) == [])
    }

    @Test(
        arguments: [
            (-1, 1), (0, 257), (256, 1), (257, 0), (255, 2), (.max, 1), (1, .max), (.min, .max), (0, -1),
        ] as [(Int, Int)]) func whatIsNotWithinIsRefused(place: Int, count: Int) async throws
    {
        let memory = try await memory(.c02, SimulatedAT24C(capacity: 256))
        let error = SensorError.invalidArgument(
            sensor: "AT24C at 0x50 on i2c-1", what: "\(count) bytes at \(place) are not within its 256")
        await #expect(throws: error) { try await memory.read(count, at: place) }
    }

    @Test func aShortAnswerIsNoContent() async throws {
        let memory = try await memory(.c02, SimulatedAT24C())
        bus.hold(.shortRead(3), at: 0x50)
        #expect(try await memory.read(3, at: 0).count == 3)
        let error = SensorError.shortAnswer(sensor: "AT24C at 0x50 on i2c-1", expected: 4, found: 3)
        await #expect(throws: error) { try await memory.read(4, at: 0) }
    }

    /// Does not answer so many times after it was written to.
    private final class Busy: SimulatedI2CDevice {
        private let bus: SimulatedI2C
        private let answers: Int
        let writes = Atomic(0)

        init(_ bus: SimulatedI2C, answers: Int) {
            self.bus = bus
            self.answers = answers
        }

        func write(_ bytes: [UInt8]) {
            guard bytes.count > 1 else { return }
            writes.add(1, ordering: .relaxed)
            bus.script([SimulatedI2C.Fault](repeating: .noAcknowledge, count: answers), at: 0x50)
        }

        func read(_ count: Int) -> [UInt8] { [] }
    }

    @Test func itWaitsUntilTheChipHasWritten() async throws {
        let chip = Busy(bus, answers: 10)
        bus.attach(chip, at: 0x50)
        let clock = SkippingClock()
        let memory = try await AT24C(on: port, size: .c02, clock: clock).open()
        try await memory.write([1, 2, 3], at: 6)
        #expect(chip.writes.load(ordering: .relaxed) == 2, "two pages")
        #expect(clock.now.offset == .milliseconds(20))
    }

    @Test func aChipThatNeverAnswersAgainIsGivenUp() async throws {
        bus.attach(Busy(bus, answers: 1000), at: 0x50)
        let clock = SkippingClock()
        let memory = try await AT24C(on: port, size: .c02, clock: clock).open()
        let error = SensorError.notReady(
            sensor: "AT24C at 0x50 on i2c-1", what: "what was written", waited: .milliseconds(25))
        await #expect(throws: error) { try await memory.write([1], at: 0) }
        #expect(clock.now.offset == .milliseconds(25))
    }

    @Test func anotherErrorIsNotTakenForABusyChip() async throws {
        let chip = SimulatedAT24C()
        let memory = try await memory(.c02, chip)
        bus.script([.timeout], at: 0x50)
        await #expect(throws: I2CError.timeout(bus: "i2c-1", address: 0x50)) { try await memory.write([1], at: 0) }
    }

    @Test func anAbsentMemoryIsNoticedAtOnce() async throws {
        await #expect(throws: I2CError.noAcknowledge(bus: "i2c-1", address: 0x50)) {
            try await AT24C(on: port, size: .c32).open()
        }
    }
}
