internal import Threads

/// A BME280 or BMP280 whose calibration is such that every value is proportional to its raw one.
public final class SimulatedBME280: SimulatedRegisterChip {
    public let registers: SimulatedRegisterMap
    /// The raw humidity.
    private let moisture = Lock(UInt16(0))

    /// - Parameter isBMP280: without humidity, and with that chip's identity.
    public init(isBMP280: Bool = false, celsius: Double = 21, pascal: Double = 101_325, humidity: Double = 45) {
        // dig_T1, dig_T2, dig_P1 and dig_H2 as in a real chip, all others 0.
        var calibration = [UInt8](repeating: 0, count: 26)
        for (offset, value) in [(0, Self.t1), (2, Self.t2), (6, Self.p1)] {
            calibration[offset] = UInt8(value & 0xFF)
            calibration[offset + 1] = UInt8(value >> 8)
        }
        registers = SimulatedRegisterMap(bytes: [
            0x88: calibration, 0xD0: [isBMP280 ? 0x58 : 0x60], 0xE0: [0],
            0xE1: [UInt8(Self.h2 & 0xFF), UInt8(Self.h2 >> 8), 0, 0, 0, 0, 0], 0xF2: [0, 0, 0, 0],
            0xF7: [0, 0, 0, 0, 0, 0, 0, 0],
        ])
        set(celsius: celsius, pascal: pascal, humidity: humidity)
    }

    /// - Parameters:
    ///   - celsius: -40 to 85.
    ///   - pascal: 30,000 to 110,000.
    ///   - humidity: 0 to 100.
    public func set(celsius: Double, pascal: Double, humidity: Double) {
        // The datasheet's formulas with those parameters, solved for the raw values.
        let temperature = (celsius * 5120 * 2048 / Double(Self.t2) + 2 * Double(Self.t1)) * 8
        let pressure = 1_048_576 - pascal * 256 * 256 * Double(Self.p1) / 3125 / 131_072
        let moisture = humidity * 65_536 / Double(Self.h2)
        self.moisture.withLock { $0 = UInt16(nearest: max(moisture, 0)) }
        registers.set(
            0xF7,
            (UInt32(nearest: max(pressure, 0)) << 4).bigEndian(bytes: 3)
                + (UInt32(nearest: max(temperature, 0)) << 4).bigEndian(bytes: 3))
    }

    public func write(_ bytes: [UInt8]) {
        registers.write(bytes)
        // BST-BME280-DS002, section 5.4.3: what register 0xF2 says holds from the next write of 0xF4 on; without an
        // oversampling the humidity is not measured.
        guard bytes.first == 0xF4 else { return }
        let isSkipped = (registers[0xF2]?.first ?? 0) & 7 == 0
        let raw: UInt16 = isSkipped ? 0x8000 : moisture.withLock { $0 }
        registers.set(0xFD, raw.bigEndian(bytes: 2))
    }

    private static let t1 = 27_504
    private static let t2 = 26_435
    private static let p1 = 36_477
    private static let h2 = 361
}
