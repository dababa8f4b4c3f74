/// A TMP421 with its one remote diode.
public struct SimulatedTMP421: SimulatedRegisterChip {
    public let registers = SimulatedRegisterMap(bytes: [
        0x00: [0, 0], 0x08: [0, 0, 0x1C, 0x07], 0x10: [0, 0], 0xFE: [0x55, 0x21],
    ])

    public init(celsius: Double = 21, remote: Double? = 30) { set(celsius: celsius, remote: remote) }

    /// - Parameters:
    ///   - celsius: of the chip, -40 to 127, in sixteenths.
    ///   - remote: of the diode; nil when none is connected.
    public func set(celsius: Double, remote: Double?) {
        for (channel, value) in [celsius, remote ?? 0].enumerated() {
            let bytes = (Int16(nearest: value * 16) << 4).bigEndian(bytes: 2)
            registers[UInt8(channel)] = [bytes[0]]
            // Bit 0: the diode is open.
            registers[UInt8(0x10 + channel)] = [bytes[1] | (channel == 1 && remote == nil ? 1 : 0)]
        }
    }
}
