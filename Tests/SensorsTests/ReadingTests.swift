import Glibc
import Testing

@testable import Sensors

struct ReadingTests {
    private func reading(at time: UInt64? = nil) -> Reading {
        Reading(sensor: "s", quantity: .temperature, value: .number(1), at: time)
    }

    @Test func itHasNoNumberUntilTheOutboxGivesItOne() {
        #expect(reading().sequence == 0)
    }

    @Test func itIsStampedWithTheKernelsBootIDAndClock() throws {
        let before = DeviceClock.monotonicTime
        let reading = reading()
        #expect((before...DeviceClock.monotonicTime).contains(reading.monotonicTime))
        let bytes = try SmallFile.read("/proc/sys/kernel/random/boot_id", limit: 64)
        #expect(reading.bootID == String(decoding: bytes.dropLast(), as: UTF8.self))
        #expect(reading.bootID.utf8.count == 36)
    }

    @Test func aGivenMomentIsKeptAndItsWallTimeLiesAsFarBack() {
        let now = DeviceClock.monotonicTime
        let earlier = now - 1_000_000_000
        #expect(reading(at: earlier).monotonicTime == earlier)
        // Both or neither, as the clock of this machine is synchronised or not.
        let times = (DeviceClock.wallTime(at: earlier), DeviceClock.wallTime(at: now))
        switch times {
        case (nil, nil): break
        case (let early?, let late?): #expect(late - early >= 1_000_000_000)
        default: Issue.record("one moment has a wall time and the other has none: \(times)")
        }
    }

    @Test(arguments: [0, UInt64.max]) func anImpossibleMomentDoesNotTrap(moment: UInt64) {
        #expect(reading(at: moment).monotonicTime == moment)
    }

    @Test(
        arguments: [
            (40, 100, 1000, 940), (100, 100, 1000, 1000), (160, 100, 1000, 1060), (.max, 100, .max, nil),
            (.max, 0, 1_700_000_000_000_000_000, nil), (0, .max, .min, nil), (0, 0, .min, .min),
        ] as [(UInt64, UInt64, Int64, Int64?)])
    func theWallTimeOfAMoment(moment: UInt64, now: UInt64, wallTimeNow: Int64, wallTime: Int64?) {
        #expect(DeviceClock.wallTime(at: moment, now: now, wallTimeNow: wallTimeNow) == wallTime)
    }

    @Test(
        arguments: [
            (1_700_000_000, 123, 1_700_000_000_000_000_123), (0, 0, 0), (9_223_372_036, 854_775_808, .max),
            (.max, 0, .max), (.min, 0, .min),
        ] as [(Int, Int, Int64)]) func timesBeyond64BitsAreClamped(seconds: Int, nanoseconds: Int, total: Int64)
    {
        #expect(DeviceClock.nanoseconds(timespec(tv_sec: seconds, tv_nsec: nanoseconds)) == total)
    }

    @Test func aFileIsReadWholeOrRefused() throws {
        let bytes = try SmallFile.read("/proc/self/status", limit: 1 << 20)
        #expect(!bytes.isEmpty)
        #expect(throws: SmallFile.ReadError.tooLarge(path: "/proc/self/status", limit: 16)) {
            try SmallFile.read("/proc/self/status", limit: 16)
        }
        let error = #expect(throws: SmallFile.ReadError.self) { try SmallFile.read("/no/such/file", limit: 16) }
        #expect(error?.description == "/no/such/file cannot be read: No such file or directory")
    }

    @Test(
        arguments: [Reading.Value.number(-0.5), .number(.infinity), .bool(true), .bool(false)], [nil, Int64(1 << 60)])
    func itCrossesFromACell(value: Reading.Value, wallTime: Int64?) throws {
        let sent = Reading(
            sensor: "a sensor", quantity: value == .bool(true) ? .pressed : .temperature, value: value,
            wallTime: wallTime, monotonicTime: 12_345, bootID: BootID.current, sequence: 7)
        let arrived = try #require(Reading(cellBytes: sent.cellBytes[...]))
        let expected = Reading(
            sensor: sent.sensor, quantity: sent.quantity, value: value, wallTime: wallTime, monotonicTime: 12_345,
            bootID: sent.bootID)
        #expect(arrived == expected)
    }

    @Test func bytesThatAreNoReadingAreRefused() {
        let bytes = reading().cellBytes
        for length in bytes.indices { #expect(Reading(cellBytes: bytes.prefix(length)) == nil) }
        #expect(Reading(cellBytes: (bytes + [0])[...]) == nil)
        // Damage may leave another reading, and must not trap.
        for index in bytes.indices {
            for bit in 0..<8 {
                var damaged = bytes
                damaged[index] ^= 1 << bit
                _ = Reading(cellBytes: damaged[...])
            }
        }
    }
}
