public import Hardware

/// Microchip MCP9808: temperature within half a degree, in sixteenths (datasheet DS25095A).
public struct MCP9808: PolledDriver {
    public let id: String
    private let port: I2CPort
    private let address: I2CAddress
    private let clock: any Clock<Duration>

    /// - Parameters:
    ///   - port: the bus the chip is on.
    ///   - address: 0x18 through 0x1F, as its pins A0 to A2 are wired.
    ///   - clock: the clock of the wait for the first conversion.
    public init(on port: I2CPort, address: I2CAddress = 0x18, clock: any Clock<Duration> = ContinuousClock()) {
        id = "mcp9808-\(address)"
        self.port = port
        self.address = address
        self.clock = clock
    }

    /// - Throws: `I2CError`, ``SensorError``.
    public func open() async throws -> I2CChip {
        let chip = try I2CChip("MCP9808", at: address, on: port, clock: clock)
        // Registers "Manufacturer ID" and "Device ID and Revision", whose lower byte is the revision.
        try await chip.identify16(6, as: 0x0054, what: "manufacturer id")
        try await chip.identify(7, as: [0x04], what: "device id")
        // Register "Configuration": continuous conversion, no alert. "Resolution": the finest, 1/16 degree.
        try await chip.write16(1, 0)
        try await chip.write(8, 3)
        // Section "Electrical Characteristics", "Conversion Time": 250 ms at that resolution.
        return chip.settling(for: .milliseconds(250))
    }

    /// - Throws: `I2CError`.
    public func sample(_ chip: I2CChip) async throws -> [Measurement] {
        try await chip.settled()
        return [Measurement(.temperature, .number(Self.celsius(try await chip.read16(5))))]
    }

    /// Register "Ambient Temperature": 13 bits in two's complement below three flags of the alert.
    static func celsius(_ register: UInt16) -> Double {
        Double(register.signed(bits: 13)) / 16
    }
}
