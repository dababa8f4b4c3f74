internal import Hardware

/// Dallas DS1338 or DS1307: a clock with a battery (datasheet 19-4702). As a sensor it reports its time.
///
/// A DS1307 tells that it was never set, but not that its oscillator had stopped since.
public struct DS1338: PolledDriver {
    public let id: String
    private let port: I2CPort
    private let address: I2CAddress

    /// - Parameter port: the bus the chip is on.
    public init(on port: I2CPort) {
        // Section "Slave Address Byte": the only one.
        address = 0x68
        id = "ds1338-\(address)"
        self.port = port
    }

    /// - Throws: what `I2CPort.open()` throws.
    public func open() throws -> RealTimeClock {
        // Section "Control Register": bit 5, OSF.
        RealTimeClock(chip: try I2CChip("DS1338", at: address, on: port), flag: (0x07, 0x20))
    }

    /// - Throws: `I2CError`, ``SensorError``.
    public func sample(_ clock: RealTimeClock) async throws -> [Measurement] {
        [Measurement(.time, .number(Double(try await clock.time())))]
    }
}
