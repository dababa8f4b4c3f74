internal import Threads

/// An ADS1115 that converts at once.
public final class SimulatedADS1115: SimulatedI2CDevice {
    private let registers = SimulatedRegisterMap([0: [0, 0], 1: [0x85, 0x83], 2: [0x80, 0], 3: [0x7F, 0xFF]])
    private let pins = Lock([Double](repeating: 0, count: 4))

    public init() {}

    /// - Parameters:
    ///   - volts: against ground.
    ///   - pin: 0 through 3; others are ignored.
    public func set(volts: Double, pin: Int) {
        pins.withLock { if $0.indices.contains(pin) { $0[pin] = volts } }
    }

    public func write(_ bytes: [UInt8]) {
        registers.write(bytes)
        guard bytes.first == 1, bytes.count == 3 else { return }
        // Bit 15 begins a conversion, and stands for "idle" when it is read.
        if bytes[1] & 0x80 != 0 {
            registers[0] = convert(multiplexer: Int(bytes[1] >> 4 & 7), gain: Int(bytes[1] >> 1 & 7))
        }
        registers[1] = [bytes[1] | 0x80, bytes[2]]
    }

    public func read(_ count: Int) -> [UInt8] { registers.read(count) }

    /// Fields MUX and PGA of the config register.
    private func convert(multiplexer: Int, gain: Int) -> [UInt8] {
        let (positive, negative): (Int, Int?) =
            multiplexer >= 4 ? (multiplexer - 4, nil) : [(0, 1), (0, 3), (1, 3), (2, 3)][multiplexer]
        let volts = pins.withLock { pins in pins[positive] - (negative.map { pins[$0] } ?? 0) }
        let range = [6.144, 4.096, 2.048, 1.024, 0.512, 0.256, 0.256, 0.256][gain]
        return Int16(nearest: volts / range * 32_768).bigEndian(bytes: 2)
    }
}
