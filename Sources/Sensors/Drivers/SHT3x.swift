public import Hardware

/// Sensirion SHT30, SHT31 or SHT35: temperature and relative humidity (datasheet SHT3x-DIS, version 7).
public struct SHT3x: PolledDriver {
    public let id: String
    private let port: I2CPort
    private let address: I2CAddress
    private let clock: any Clock<Duration>

    /// - Parameters:
    ///   - port: the bus the chip is on.
    ///   - address: 0x44, or 0x45 with pin ADDR high.
    ///   - clock: the clock of the waits for the chip.
    public init(on port: I2CPort, address: I2CAddress = 0x44, clock: any Clock<Duration> = ContinuousClock()) {
        id = "sht3x-\(address)"
        self.port = port
        self.address = address
        self.clock = clock
    }

    /// - Throws: `I2CError`, ``SensorError``.
    public func open() async throws -> I2CChip {
        let chip = try I2CChip("SHT3x", at: address, on: port, clock: clock)
        // Section 4.8: break, in case somebody let it measure periodically, which takes 1 ms; section 4.9: soft reset, which
        // by section 2.2 takes at most 1.5 ms.
        try await chip.send([0x30, 0x93])
        try await chip.pause(.milliseconds(1))
        try await chip.send([0x30, 0xA2])
        try await chip.pause(.milliseconds(2))
        // Section 4.11: the status is the one thing at rest that has a checksum, by which the chip is known.
        try await chip.send([0xF3, 0x2D])
        let status = try Sensirion.words(try await chip.read(3), of: "status", sensor: chip.name)[0]
        if let fault = Self.fault(status) {
            throw chip.fault(fault, hint: "check its wires and its supply; another chip may have the address")
        }
        return chip
    }

    /// - Throws: `I2CError`, ``SensorError/badChecksum(sensor:of:expected:found:)``.
    public func sample(_ chip: I2CChip) async throws -> [Measurement] {
        // Section 4.3: single shot, high repeatability, no clock stretching; section 2.2: at most 15.5 ms.
        try await chip.send([0x24, 0x00])
        try await chip.pause(.milliseconds(16))
        let words = try Sensirion.words(try await chip.read(6), of: "measurement", sensor: chip.name)
        return [
            Measurement(.temperature, .number(Sensirion.celsius(words[0]))),
            Measurement(.humidity, .number(Self.humidity(words[1]))),
        ]
    }

    /// What the status says after a reset that must not be (section 4.11, table 18); nil for a good one. Bits 15, 11 and 10
    /// are no failures: they are alerts of periodic measurements, which this driver does not start, and the first is set
    /// by every reset, as bit 4 is. During measurements there is nothing to ask: of a command that the chip does not take
    /// there is no answer.
    static func fault(_ status: UInt16) -> String? {
        let faults: [(UInt16, String)] = [
            (0x0002, "it did not take its last command"), (0x0001, "what was written to it had a wrong checksum"),
            (0x2000, "its heater is on after a reset"),
        ]
        return faults.first { status & $0.0 != 0 }?.1
    }

    /// Section 4.13.
    static func humidity(_ raw: UInt16) -> Double { 100 * Double(raw) / 65_535 }
}
