internal import Hardware

/// The magnetometer of ST's LSM303DLHC: the magnetic field along three axes (datasheet DocID018771, rev. 2).
///
/// Its thermometer is left out: the datasheet gives its zero point no value.
public struct LSM303DLHC: PolledDriver {
    /// The largest field along an axis; 100 microteslas are a gauss (register CRB_REG_M, field GN).
    public enum Range: UInt8, Sendable, Hashable {
        case microteslas130 = 1
        case microteslas190 = 2
        case microteslas250 = 3
        case microteslas400 = 4
        case microteslas470 = 5
        case microteslas560 = 6
        case microteslas810 = 7

        /// Units in a gauss, for the axes x and y, and for z.
        var gain: (xy: Double, z: Double) {
            switch self {
            case .microteslas130: (1100, 980)
            case .microteslas190: (855, 760)
            case .microteslas250: (670, 600)
            case .microteslas400: (450, 400)
            case .microteslas470: (400, 355)
            case .microteslas560: (330, 295)
            case .microteslas810: (230, 205)
            }
        }
    }

    public let id: String
    private let port: I2CPort
    private let address: I2CAddress
    private let range: Range
    private let clock: any Clock<Duration>

    /// - Parameters:
    ///   - port: the bus the chip is on.
    ///   - range: the earth's field is at most 70 microteslas.
    ///   - clock: the clock of the waits for the chip.
    public init(on port: I2CPort, range: Range = .microteslas130, clock: any Clock<Duration> = ContinuousClock()) {
        // Section "Magnetic field digital interface": the only one the magnetometer has.
        address = 0x1E
        id = "lsm303dlhc-\(address)"
        self.port = port
        self.range = range
        self.clock = clock
    }

    /// - Throws: `I2CError`, ``SensorError``.
    public func open() async throws -> I2CChip {
        let chip = try I2CChip("LSM303DLHC", at: address, on: port, clock: clock)
        // IRA_REG_M and the two behind it: "H43".
        let identity = try await chip.read(0x0A, 3)
        guard identity == [0x48, 0x34, 0x33] else {
            throw chip.wrongChip("identity", "0x483433", hexadecimal(identity.reduce(0) { $0 << 8 | Int($1) }))
        }
        // CRA_REG_M, CRB_REG_M, MR_REG_M: 15 measurements in a second, the range, and without end.
        try await chip.write(0, 0x10)
        try await chip.write(1, range.rawValue << 5)
        try await chip.write(2, 0)
        // The first measurement still has the range that was set before: so says the datasheet of the same magnetometer
        // under another name (Honeywell HMC5883L, section "Configuration Register B"). Two take 134 ms, and the chip's
        // clock is not exact. Only then it is asked for a measurement: what it has until then may be from before.
        return chip.settling(for: .milliseconds(150))
    }

    /// An axis beyond its range has no measurement; the others have.
    /// - Throws: `I2CError`, ``SensorError``.
    public func sample(_ chip: I2CChip) async throws -> [Measurement] {
        try await chip.settled()
        // SR_REG_M.
        try await chip.wait(for: "a measurement", every: .milliseconds(20), attempts: 10) {
            try await chip.read8(9) & 1 != 0
        }
        let bytes = try await chip.read(3, 6)
        // OUT_X_H_M and those behind it: the axes come in this order.
        return [("x", 0, range.gain.xy), ("z", 2, range.gain.z), ("y", 4, range.gain.xy)].compactMap {
            (axis, offset, gain) in
            Self.tesla(bytes.bigEndian(offset), gain: gain).map { Measurement(.magneticField.of(axis), .number($0)) }
        }
    }

    /// Nil for -4096, which stands for an overflow: so says the datasheet of the same magnetometer under another name
    /// (Honeywell HMC5883L, section "Data Output X Registers"); that of the LSM303DLHC does not mention it.
    static func tesla(_ raw: UInt16, gain: Double) -> Double? {
        let number = raw.signed(bits: 16)
        return number == -4096 ? nil : Double(number) / gain / 10_000
    }
}
