/// A DPS310 whose calibration is such that pressure and temperature do not depend on one another.
public struct SimulatedDPS310: SimulatedRegisterChip {
    public let registers: SimulatedRegisterMap

    public init(celsius: Double = 21, pascal: Double = 101_325) {
        // Coefficients c0 and c1 of 12 bits, c00 and c10 of 20 bits; the rest is 0.
        let c00 = UInt64(Self.c00)
        let c10 = UInt64(bitPattern: Int64(Self.c10)) & 0xFFFFF
        let coefficients =
            (UInt32(Self.c0) << 12 | UInt32(bitPattern: Int32(Self.c1)) & 0xFFF).bigEndian(bytes: 3)
            + (c00 << 20 | c10).bigEndian(bytes: 5) + [UInt8](repeating: 0, count: 10)
        registers = SimulatedRegisterMap(bytes: [
            // Its coefficients and its sensor are ready, it measures nothing.
            0x00: [0, 0, 0, 0, 0, 0, 0, 0, 0xC0, 0], 0x0C: [0, 0x10], 0x10: coefficients, 0x28: [0x80], 0x32: [2],
        ])
        set(celsius: celsius, pascal: pascal)
    }

    /// - Parameters:
    ///   - celsius: -40 to 85.
    ///   - pascal: 30,000 to 120,000.
    public func set(celsius: Double, pascal: Double) {
        // For measurements that are not oversampled, whose scale that is.
        let scale = 524_288.0
        let pressure = (pascal - Double(Self.c00)) / Double(Self.c10) * scale
        let temperature = (celsius - Double(Self.c0) / 2) / Double(Self.c1) * scale
        registers.set(
            0, Int32(nearest: pressure).bigEndian(bytes: 3) + Int32(nearest: temperature).bigEndian(bytes: 3))
    }

    public func write(_ bytes: [UInt8]) {
        registers.write(bytes)
        guard bytes.first == 0x08, bytes.count > 1 else { return }
        // MEAS_CFG: while it measures both in the background it always has new values.
        let mode = bytes[1] & 0x07
        registers[0x08] = [0xC0 | (mode == 7 ? 0x30 : 0x00) | mode]
    }

    private static let c0 = 209
    private static let c1 = -270
    private static let c00 = 80_000
    private static let c10 = -50_000
}
