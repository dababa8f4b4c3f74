public import Hardware

/// Sensirion SHT40, SHT41 or SHT45: temperature and relative humidity (datasheet SHT4x, version 6).
public struct SHT4x: PolledDriver {
    public let id: String
    private let port: I2CPort
    private let address: I2CAddress
    private let clock: any Clock<Duration>

    /// - Parameters:
    ///   - port: the bus the chip is on.
    ///   - address: 0x44, 0x45 or 0x46, by the chip's part number.
    ///   - clock: the clock of the waits for the chip.
    public init(on port: I2CPort, address: I2CAddress = 0x44, clock: any Clock<Duration> = ContinuousClock()) {
        id = "sht4x-\(address)"
        self.port = port
        self.address = address
        self.clock = clock
    }

    /// - Throws: `I2CError`, ``SensorError``.
    public func open() async throws -> I2CChip {
        let chip = try I2CChip("SHT4x", at: address, on: port, clock: clock)
        // Table of commands: soft reset, then the serial number, whose checksums tell the chip from another. Timing
        // specifications: the reset takes at most 1 ms.
        try await chip.send([0x94])
        try await chip.pause(.milliseconds(2))
        try await chip.send([0x89])
        try await chip.pause(.milliseconds(1))
        _ = try Sensirion.words(try await chip.read(6), of: "serial number", sensor: chip.name)
        return chip
    }

    /// - Throws: `I2CError`, ``SensorError/badChecksum(sensor:of:expected:found:)``.
    public func sample(_ chip: I2CChip) async throws -> [Measurement] {
        // Table of commands: high precision. Timing specifications: at most 8.3 ms.
        try await chip.send([0xFD])
        try await chip.pause(.milliseconds(9))
        let words = try Sensirion.words(try await chip.read(6), of: "measurement", sensor: chip.name)
        return [
            Measurement(.temperature, .number(Sensirion.celsius(words[0]))),
            Measurement(.humidity, .number(Self.humidity(words[1]))),
        ]
    }

    /// Section "Conversion of Signal Output", which also says to cut what lies outside of 0 to 100 %.
    static func humidity(_ raw: UInt16) -> Double { min(max(-6 + 125 * Double(raw) / 65_535, 0), 100) }
}
