internal import Hardware

/// An open clock chip that runs on a battery: it knows the time before the network tells it.
public struct RealTimeClock: Sendable {
    let chip: I2CChip

    /// Where the chip says that its oscillator stood still.
    let flag: (register: UInt8, bit: UInt8)

    /// The time the chip keeps.
    /// - Returns: seconds since 1970-01-01T00:00:00Z.
    /// - Throws: `I2CError`; ``SensorError/fault(sensor:what:hint:)`` when the chip lost the time.
    public func time() async throws -> Int64 {
        let hasStopped = try await chip.read8(flag.register) & flag.bit != 0
        // In one transaction, for which the chip holds the time.
        let registers = try await chip.read(0, 7)
        // Bit 7 of the seconds: a DS1338 or DS1307 that was never set.
        guard !hasStopped, registers[0] & 0x80 == 0 else {
            throw chip.fault("its oscillator has stopped and the time is lost", hint: "set it, and look at its battery")
        }
        guard let time = CalendarRegisters.decode(registers) else {
            throw chip.fault("it says a time that cannot be", hint: "set it")
        }
        return time
    }

    /// Sets the time and starts the clock.
    /// - Parameter time: seconds since 1970-01-01T00:00:00Z, in the years 2000 to 2099.
    /// - Throws: `I2CError`, ``SensorError/invalidArgument(sensor:what:)``.
    public func set(_ time: Int64) async throws {
        guard CalendarRegisters.range.contains(time) else {
            throw SensorError.invalidArgument(
                sensor: chip.name, what: "it keeps the years 2000 to 2099, and \(time) s is not within")
        }
        // Bit 7 of the seconds is a DS1338's halt, which this clears.
        try await chip.send([0] + CalendarRegisters.encode(time))
        let status = try await chip.read8(flag.register)
        try await chip.write(flag.register, status & ~flag.bit)
    }
}
