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
        // then, this is the number of that register there. Then its other bits, such as SEQOP: registers are read in a
        // row.
        try await chip.write(0x05, 0)
        try await chip.write(0x0A, 0)
        // IPOL, OLAT, GPPU and IODIR, those of A and B side by side. No level is turned over, and the outputs' levels
        // come before their directions, so that no other level is ever seen.
        try await chip.write16LittleEndian(0x02, 0)
        try await chip.write16LittleEndian(0x14, 0)
        let resistors = try Lines.mask(pullUps, chip)
        try await chip.write16LittleEndian(0x0C, resistors)
        try await chip.write16LittleEndian(0x00, directions)
        let found = try await chip.read16LittleEndian(0x00)
        guard found == directions else {
            throw chip.wrongChip("directions", hexadecimal(directions), hexadecimal(found))
        }
        return Lines(chip: chip, inputs: directions, pullUps: resistors)
    }

    /// "level-a0" is the first line.
    /// - Throws: `I2CError`, ``SensorError/fault(sensor:what:hint:)``.
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
        private let pullUps: UInt16
        /// What the chip has, or is just being sent.
        private var outputs: UInt16 = 0

        init(chip: I2CChip, inputs: UInt16, pullUps: UInt16) {
            self.chip = chip
            self.inputs = inputs
            self.pullUps = pullUps
        }

        /// The levels of all lines, that of A0 in the lowest bit and that of B7 in the highest.
        /// - Throws: `I2CError`, ``SensorError/fault(sensor:what:hint:)`` when the chip no longer has its outputs.
        public func levels() async throws -> UInt16 {
            // From IODIR by GPPU to GPIO in one transaction: these are levels of a chip that is as it was told to be.
            let registers = try await chip.read(0x00, 0x14)
            try check(directions: registers.littleEndian(0x00))
            let found = registers.littleEndian(0x0C)
            guard found == pullUps else {
                throw chip.lostPower("its pull-ups are \(hexadecimal(found)) and not \(hexadecimal(pullUps))")
            }
            return registers.littleEndian(0x12)
        }

        /// Drives an output.
        /// - Parameter line: 0 through 15.
        /// - Throws: `I2CError`; ``SensorError/invalidArgument(sensor:what:)`` for a line that is no output;
        ///   ``SensorError/fault(sensor:what:hint:)`` when the chip no longer has its outputs.
        public func set(_ line: Int, high: Bool) async throws {
            let mask = try Self.mask([line], chip)
            try await set(high ? mask : 0, mask: mask)
        }

        /// Drives several outputs at once.
        /// - Parameters:
        ///   - levels: what they shall be; that of A0 in the lowest bit.
        ///   - mask: which of them are meant.
        /// - Throws: `I2CError`; ``SensorError/invalidArgument(sensor:what:)`` for lines that are no outputs;
        ///   ``SensorError/fault(sensor:what:hint:)`` when the chip no longer has its outputs.
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
            // Section 3.5.1: at power-up all lines are inputs, and what is written to them does nothing. Asked afterwards,
            // so that a level that was lost is not taken for set. An answer that fails changes nothing of what was written.
            try check(directions: try await chip.read16LittleEndian(0x00))
        }

        private func check(directions: UInt16) throws(SensorError) {
            guard directions == inputs else {
                throw chip.lostPower("its directions are \(hexadecimal(directions)) and not \(hexadecimal(inputs))")
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
