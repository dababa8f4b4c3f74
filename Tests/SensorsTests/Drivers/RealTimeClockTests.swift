import Glibc
import Hardware
import Testing

@testable import Sensors

struct RealTimeClockTests {
    private let bus = SimulatedI2C()
    private let chip = SimulatedDS3231()
    private let port: I2CPort

    init() {
        port = I2CPort(simulated: bus, name: "i2c-1")
        bus.attach(chip, at: 0x68)
    }

    /// The C library's calendar is the oracle, for every day and some odd seconds.
    @Test func everyDayOfTheCenturyIsThatOfTheCLibrary() {
        var wrong = 0
        for day in 0..<36_525 {
            let time = CalendarRegisters.range.lowerBound + Int64(day) * 86_400 + Int64(day) * 7919 % 86_400
            var seconds = time_t(time)
            var parts = tm()
            gmtime_r(&seconds, &parts)
            let expected = [
                parts.tm_sec, parts.tm_min, parts.tm_hour, parts.tm_wday + 1, parts.tm_mday, parts.tm_mon + 1,
                parts.tm_year - 100,
            ].map { UInt8(($0 / 10) << 4 | $0 % 10) }
            if CalendarRegisters.encode(time) != expected || CalendarRegisters.decode(expected) != time { wrong += 1 }
        }
        #expect(wrong == 0)
        #expect(CalendarRegisters.decode(CalendarRegisters.encode(CalendarRegisters.range.upperBound)) == 4_102_444_799)
    }

    @Test(
        arguments: [(0x41, 1), (0x52, 0), (0x61, 13), (0x72, 12), (0x69, 21), (0x00, 0), (0x23, 23)]
            as [(UInt8, Int64)]) func hoursOfBothKinds(register: UInt8, hour: Int64)
    {
        #expect(CalendarRegisters.decode([0, 0, register, 7, 1, 1, 0]) == 946_684_800 + hour * 3600)
    }

    @Test(
        arguments: [
            [0x60, 0, 0, 1, 1, 1, 0], [0x0A, 0, 0, 1, 1, 1, 0], [0, 0x60, 0, 1, 1, 1, 0], [0, 0, 0x24, 1, 1, 1, 0],
            [0, 0, 0x40, 1, 1, 1, 0], [0, 0, 0x53, 1, 1, 1, 0], [0, 0, 0, 1, 0, 1, 0], [0, 0, 0, 1, 0x32, 1, 0],
            [0, 0, 0, 1, 1, 0, 0], [0, 0, 0, 1, 1, 0x13, 0], [0, 0, 0, 1, 1, 1, 0xA0],
            // Days that these months do not have.
            [0, 0, 0, 1, 0x30, 2, 0x00], [0, 0, 0, 1, 0x31, 2, 0x26], [0, 0, 0, 1, 0x29, 2, 0x23],
            [0, 0, 0, 1, 0x31, 4, 0x26], [0, 0, 0, 1, 0x31, 0x11, 0x99],
            [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
        ] as [[UInt8]]) func whatIsNoTime(registers: [UInt8])
    {
        #expect(CalendarRegisters.decode(registers) == nil)
    }

    @Test func aNewChipHasNoTimeUntilItIsSet() async throws {
        let clock = try DS3231(on: port).open()
        let lost = SensorError.fault(
            sensor: "DS3231 at 0x68 on i2c-1", what: "its oscillator has stopped and the time is lost",
            hint: "set it, and look at its battery")
        await #expect(throws: lost) { try await clock.time() }
        try await clock.set(1_709_210_096)
        #expect(try await clock.time() == 1_709_210_096)
        #expect(chip.registers[0x0F] == [0], "the other bits of the status are kept, the flag is gone")
        #expect(chip.registers[0] == [0x56])
    }

    @Test func aHaltedClockHasNoTime() async throws {
        chip.set(time: [0x80, 0, 0, 1, 1, 1, 0])
        let clock = try DS1338(on: port).open()
        await #expect(throws: SensorError.self) { try await clock.time() }
        try await clock.set(946_684_800)
        #expect(try await clock.time() == 946_684_800)
    }

    @Test func timesItCannotKeepAreRefused() async throws {
        let clock = try DS1338(on: port).open()
        for time in [Int64.min, 0, 946_684_799, 4_102_444_800, .max] {
            await #expect(throws: SensorError.self) { try await clock.set(time) }
        }
        #expect(chip.registers[0] == [0], "nothing was written")
    }
}
