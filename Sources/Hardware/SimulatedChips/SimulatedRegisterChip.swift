/// A simulated chip that is its registers and nothing more; what it measures is set from outside.
public protocol SimulatedRegisterChip: SimulatedI2CDevice {
    var registers: SimulatedRegisterMap { get }
}

extension SimulatedRegisterChip {
    public func write(_ bytes: [UInt8]) { registers.write(bytes) }

    public func read(_ count: Int) -> [UInt8] { registers.read(count) }
}

extension SimulatedRegisterMap {
    /// Registers of one byte each, with consecutive numbers.
    convenience init(bytes: [UInt8: [UInt8]]) {
        var registers: [UInt8: [UInt8]] = [:]
        for (first, content) in bytes {
            for (index, byte) in content.enumerated() { registers[first &+ UInt8(index)] = [byte] }
        }
        self.init(registers)
    }

    /// Sets registers of one byte each, with consecutive numbers.
    func set(_ first: UInt8, _ bytes: [UInt8]) {
        for (index, byte) in bytes.enumerated() { self[first &+ UInt8(index)] = [byte] }
    }
}

/// What a chip's registers hold for a physical value: the nearest they can.
extension FixedWidthInteger {
    init(nearest value: Double) {
        self = Self(exactly: value.rounded()) ?? (value < 0 ? .min : .max)
    }

    /// The lower bytes, the most significant first.
    func bigEndian(bytes count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: self >> (8 * (count - 1 - $0))) }
    }
}
