public import Hardware

/// Texas Instruments TMP102 and the chips with the same temperature register, as they are set: nothing is written to the
/// chip, but to end a shutdown. ``TMP105`` and ``LM75`` look who answers, and a TMP105 has its full resolution only there.
///
/// Register 0 holds the temperature, big-endian two's complement, left-justified: 1/256 degree Celsius per unit of the
/// 16 bits (TMP102 datasheet SBOS397, section "Temperature Register"; TMP105 SLLS648; LM75 SNOS808). In the extended mode of
/// a TMP102, up to 150 degrees, it is 1/128 degree.
public struct TMP102: PolledDriver {
    public let id: String
    private let port: I2CPort
    private let address: I2CAddress
    private let bits: Int
    private let clock: any Clock<Duration>

    /// - Parameters:
    ///   - port: the bus the chip is on.
    ///   - address: 0x48 through 0x4B for a TMP102, as its pin ADD0 is wired; 0x48 through 0x4F for the others.
    ///   - bits: how many of the 16 the chip measures, 9 through 12: 12 for a TMP102; 9 for an LM75, which leaves the
    ///     rest undefined.
    ///   - clock: the clock of the wait for a chip that was shut down.
    public init(
        on port: I2CPort, address: I2CAddress = 0x48, bits: Int = 12, clock: any Clock<Duration> = ContinuousClock()
    ) {
        id = "tmp102-\(address)"
        self.port = port
        self.address = address
        self.bits = min(max(bits, 9), 12)
        self.clock = clock
    }

    /// - Throws: what `I2CPort.open()` throws.
    public func open() throws -> I2CChip {
        try I2CChip("TMP102", at: address, on: port, clock: clock)
    }

    /// - Throws: `I2CError`, ``SensorError``.
    public func sample(_ chip: I2CChip) async throws -> [Measurement] {
        // Whoever had the chip before may have left it in shutdown, in which it tells its last temperature for ever.
        let configuration = try await chip.read8(1)
        if configuration & Self.shutdown != 0 { try await wake(chip, configuration) }
        return [Measurement(.temperature, .number(Self.celsius(try await chip.read(0, 2), bits: bits)))]
    }

    private func wake(_ chip: I2CChip, _ configuration: UInt8) async throws {
        // The first byte of the configuration is the same in all these chips (SBOS397, section "Configuration Register").
        try await chip.write(1, configuration & ~(Self.shutdown | Self.oneShot))
        guard try await chip.read8(1) & Self.shutdown == 0 else {
            throw chip.fault("it stays in shutdown", hint: "check its wires; another chip may have the address")
        }
        // The first conversion: at most 35 ms in a TMP102, 300 ms in a TMP105 with 12 bits and in an LM75.
        try await chip.pause(.milliseconds(300))
    }

    static func celsius(_ register: [UInt8], bits: Int) -> Double {
        let raw = register.reduce(UInt16(0)) { $0 << 8 | UInt16($1) }
        // Section "Temperature Register", table 4: bit 0 tells of the extended mode, in which the upper 13 bits are the
        // number. A chip with 12 bits that has no such mode has a 0 there.
        if bits == 12, raw & 1 != 0 { return Double(Int16(bitPattern: raw & 0xFFF8)) / 128 }
        return Double(Int16(bitPattern: raw & UInt16.max << (16 - bits))) / 256
    }

    // Sections "Shutdown Mode (SD)" and "One-Shot/Conversion Ready (OS)", tables 7 and 8.
    private static let shutdown: UInt8 = 0x01
    private static let oneShot: UInt8 = 0x80
}
