internal import Threads

/// The magnetometer of an LSM303DLHC, always with a new measurement once it is told to measure without end.
public final class SimulatedLSM303DLHC: SimulatedI2CDevice {
    private let registers = SimulatedRegisterMap(bytes: [
        0x00: [0x10, 0x20, 0x03], 0x03: [0, 0, 0, 0, 0, 0], 0x09: [0, 0x48, 0x34, 0x33],
    ])
    private let field = Lock((x: 0.0, y: 0.0, z: 0.0))

    public init(x: Double = 20e-6, y: Double = 0, z: Double = -43e-6) { set(x: x, y: y, z: z) }

    /// In teslas; beyond the range an axis reads as overflow.
    public func set(x: Double, y: Double, z: Double) { field.withLock { $0 = (x, y, z) } }

    public func write(_ bytes: [UInt8]) { registers.write(bytes) }

    public func read(_ count: Int) -> [UInt8] {
        // Registers MR_REG_M and SR_REG_M.
        guard registers[2]?.first == 0 else {
            registers[9] = [0]
            return registers.read(count)
        }
        registers[9] = [1]
        let range = Int((registers[1]?.first ?? 0x20) >> 5)
        let xy = [1100.0, 1100, 855, 670, 450, 400, 330, 230][range]
        let z = [980.0, 980, 760, 600, 400, 355, 295, 205][range]
        let field = field.withLock { $0 }
        let words = [(field.x, xy), (field.z, z), (field.y, xy)].flatMap { tesla, gain in
            let raw = Int16(nearest: tesla * 10_000 * gain)
            return ((-2048...2047).contains(raw) ? raw : -4096).bigEndian(bytes: 2)
        }
        registers.set(3, words)
        return registers.read(count)
    }
}
