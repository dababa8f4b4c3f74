public import Hardware

/// Microchip MCP23017: 16 more lines, A0 to A7 and B0 to B7, each an input or an output (datasheet DS20001952). As a
/// sensor it reports the levels of its inputs.
public struct MCP23017: PolledDriver {
    public let id: String
    private let port: I2CPort
    private let address: I2CAddress
    private let inputs: Set<Int>
    private let pullUps: Set<Int>
    private let clock: any Clock<Duration>

    /// - Parameters:
    ///   - port: the bus the chip is on.
    ///   - address: 0x20 through 0x27, as its pins A0 to A2 are wired.
    ///   - inputs: the lines that are inputs, 0 through 7 for A0 to A7 and 8 through 15 for B0 to B7; the rest are outputs
    ///     and low at first. Lines A7 and B7 of recent chips can be outputs only.
    ///   - pullUps: the inputs with a resistor of 100 kilohms to the supply.
    public init(
        on port: I2CPort, address: I2CAddress = 0x20, inputs: Set<Int> = [], pullUps: Set<Int> = [],
        clock: any Clock<Duration> = ContinuousClock()
    ) {
        id = "mcp23017-\(address)"
        self.port = port
        self.address = address
        self.inputs = inputs
        self.pullUps = pullUps
        self.clock = clock
    }

    /// - Throws: `I2CError`, ``SensorError``.
    public func open() async throws -> Lines {
        let chip = try I2CChip("MCP23017", at: address, on: port, clock: clock)
        let directions = try Lines.mask(inputs, chip)
        // IOCON, bit BANK: both halves' registers alternate, as at power-up; in case the chip kept another order since
        // then, this is the number of that register there.
        try await chip.write(0x05, 0)
        // OLAT, GPPU and IODIR, those of A and B side by side. The outputs' levels before their directions, so that
        // no other level is ever seen.
        try await chip.write16LittleEndian(0x14, 0)
        try await chip.write16LittleEndian(0x0C, try Lines.mask(pullUps, chip))
        try await chip.write16LittleEndian(0x00, directions)
        let found = try await chip.read16LittleEndian(0x00)
        guard found == directions else {
            throw chip.wrongChip("directions", hexadecimal(directions), hexadecimal(found))
        }
        return Lines(chip: chip, inputs: directions)
    }

    /// "level-a0" is the first line.
    /// - Throws: `I2CError`.
    public func sample(_ lines: Lines) async throws -> [Measurement] {
        let levels = try await lines.levels()
        return inputs.sorted().map { line in
            Measurement(.level.of("\(line < 8 ? "a" : "b")\(line % 8)"), .bool(levels >> line & 1 != 0))
        }
    }

    /// The lines of an open chip.
    public actor Lines {
        let chip: I2CChip
        private let inputs: UInt16
        /// What the chip has, or is just being sent.
        private var outputs: UInt16 = 0

        init(chip: I2CChip, inputs: UInt16) {
            self.chip = chip
            self.inputs = inputs
        }

        /// The levels of all lines, that of A0 in the lowest bit and that of B7 in the highest.
        /// - Throws: `I2CError`.
        public func levels() async throws -> UInt16 {
            try await chip.read16LittleEndian(0x12)
        }

        /// Drives an output.
        /// - Parameter line: 0 through 15.
        /// - Throws: `I2CError`, ``SensorError/invalidArgument(sensor:what:)`` for a line that is no output.
        public func set(_ line: Int, high: Bool) async throws {
            let mask = try Self.mask([line], chip)
            try await set(high ? mask : 0, mask: mask)
        }

        /// Drives several outputs at once.
        /// - Parameters:
        ///   - levels: what they shall be; that of A0 in the lowest bit.
        ///   - mask: which of them are meant.
        /// - Throws: `I2CError`, ``SensorError/invalidArgument(sensor:what:)`` for lines that are no outputs.
        public func set(_ levels: UInt16, mask: UInt16) async throws {
            guard mask & inputs == 0 else {
                throw SensorError.invalidArgument(
                    sensor: chip.name, what: "lines \(hexadecimal(mask & inputs)) are inputs and cannot be set")
            }
            // Before anything is awaited, so that another call builds on it; the bus keeps the order of calls from here.
            let before = outputs
            outputs = outputs & ~mask | levels & mask
            do {
                try await chip.bus.write([0x14, UInt8(outputs & 0xFF), UInt8(outputs >> 8)], to: chip.address)
            } catch {
                // Not to be set by a later call that is about other lines.
                outputs = outputs & ~mask | before & mask
                throw error
            }
        }

        static func mask(_ lines: Set<Int>, _ chip: I2CChip) throws(SensorError) -> UInt16 {
            var mask: UInt16 = 0
            for line in lines {
                guard (0..<16).contains(line) else {
                    throw .invalidArgument(sensor: chip.name, what: "it has no line \(line), only 0 to 15")
                }
                mask |= 1 << line
            }
            return mask
        }
    }
}
