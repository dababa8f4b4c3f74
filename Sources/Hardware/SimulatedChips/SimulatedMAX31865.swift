internal import Threads

/// A MAX31865 with a resistance thermometer, which converts at once when it is told to and its bias voltage is on.
public final class SimulatedMAX31865: SimulatedSPIDevice {
    private struct State {
        var registers: [UInt8] = [0x00, 0, 0, 0xFF, 0xFF, 0, 0, 0]
        var ratio = 0.25
        var fault: UInt8 = 0
    }

    private let state = Lock(State())

    public init() {}

    /// - Parameter ratio: of the sensor's resistance to that of the reference resistor; 0 to below 1.
    public func set(ratio: Double) {
        state.withLock { $0.ratio = ratio }
    }

    /// - Parameter fault: the bits of the register "Fault Status" that the next conversions set.
    public func set(fault: UInt8) {
        state.withLock { $0.fault = fault }
    }

    /// The configuration as the chip has it now.
    public var configuration: UInt8 { state.withLock { $0.registers[0] } }

    public func exchange(_ bytes: [UInt8]) -> [UInt8] {
        guard let address = bytes.first else { return [] }
        return state.withLock { state in
            var answer: [UInt8] = [0xFF]
            for (index, byte) in bytes.dropFirst().enumerated() {
                // Eight registers; the address runs on.
                let register = (Int(address & 0x7F) + index) & 7
                answer.append(state.registers[register])
                // The addresses 1, 2 and 7 cannot be written.
                if address & 0x80 != 0, ![1, 2, 7].contains(register) { state.registers[register] = byte }
            }
            if address & 0x80 != 0 { Self.obey(&state) }
            return answer
        }
    }

    private static func obey(_ state: inout State) {
        if state.registers[0] & 0x02 != 0 {
            // The bits of "clear faults" and "single conversion" fall back by themselves.
            state.registers[0] &= ~0x02
            state.registers[7] = 0
            state.registers[2] &= ~1
        }
        guard state.registers[0] & 0x20 != 0 else { return }
        state.registers[0] &= ~0x20
        let isBiased = state.registers[0] & 0x80 != 0
        let steps = state.ratio * 32_768
        let code = isBiased ? UInt16(min(max(steps.isFinite ? steps.rounded() : 0, 0), 32_767)) : 0
        state.registers[7] |= state.fault
        state.registers[1] = UInt8(code >> 7)
        state.registers[2] = UInt8(code << 1 & 0xFF) | (state.fault == 0 ? 0 : 1)
    }
}
