internal import Threads

/// A MAX31865 with a resistance thermometer, which converts and looks at its wires at once when it is told to and its bias
/// voltage is on.
public final class SimulatedMAX31865: SimulatedSPIDevice {
    private struct State {
        var registers: [UInt8] = [0x00, 0, 0, 0xFF, 0xFF, 0, 0, 0]
        var ratio = 0.25
        var fault: UInt8 = 0
        /// The first half of a fault-detection cycle is over, and the switch at FORCE- open.
        var isForceOpen = false
    }

    private let state = Lock(State())

    public init() {}

    /// - Parameter ratio: of the sensor's resistance to that of the reference resistor; 0 to below 1.
    public func set(ratio: Double) {
        state.withLock { $0.ratio = ratio }
    }

    /// - Parameter fault: the bits of the register "Fault Status" that are so from now on. They show after the next
    ///   conversion, but for bits 5 to 3, which only a fault-detection cycle finds.
    public func set(fault: UInt8) {
        state.withLock { $0.fault = fault }
    }

    /// The configuration as the chip has it now.
    public var configuration: UInt8 { state.withLock { $0.registers[0] } }

    public func exchange(_ bytes: [UInt8]) -> [UInt8] {
        guard let address = bytes.first else { return [] }
        return state.withLock { state in
            var answer: [UInt8] = [0xFF]
            var isToldSomething = false
            for (index, byte) in bytes.dropFirst().enumerated() {
                // Eight registers; the address runs on.
                let register = (Int(address & 0x7F) + index) & 7
                answer.append(state.registers[register])
                // The addresses 1, 2 and 7 cannot be written.
                guard address & 0x80 != 0, ![1, 2, 7].contains(register) else { continue }
                state.registers[register] = byte
                if register == 0 { isToldSomething = true }
            }
            if isToldSomething { Self.obey(&state) }
            return answer
        }
    }

    private static func obey(_ state: inout State) {
        // The bits of "clear faults", of a cycle that is over and of "single conversion" fall back by themselves.
        if state.registers[0] & 0x02 != 0 {
            state.registers[0] &= ~0x02
            state.registers[7] = 0
        }
        detectFaults(&state)
        if state.registers[0] & 0x20 != 0 {
            state.registers[0] &= ~0x20
            convert(&state)
        }
        state.registers[2] = state.registers[2] & ~1 | (state.registers[7] == 0 ? 0 : 1)
    }

    /// Datasheet 19-6478, table 3: of bits 3 and 2, 01 is a whole cycle, 10 its first half and 11 the second.
    private static func detectFaults(_ state: inout State) {
        let cycle = state.registers[0] & 0x0C
        // 100Xxx0X: with bias, and nothing else at the same time.
        let isPossible = state.registers[0] & 0xE2 == 0x80
        if isPossible, cycle == 0x04 || cycle == 0x08 { state.registers[7] |= state.fault & 0x20 }
        if isPossible, cycle == 0x04 || cycle == 0x0C && state.isForceOpen { state.registers[7] |= state.fault & 0x18 }
        state.isForceOpen = isPossible && cycle == 0x08
        if !state.isForceOpen { state.registers[0] &= ~0x0C }
    }

    private static func convert(_ state: inout State) {
        let isBiased = state.registers[0] & 0x80 != 0
        let steps = state.ratio * 32_768
        let code = isBiased ? UInt16(min(max(steps.isFinite ? steps.rounded() : 0, 0), 32_767)) : 0
        state.registers[1] = UInt8(code >> 7)
        state.registers[2] = UInt8(code << 1 & 0xFF)
        // Section "Fault Status Register (07h)": at a threshold or beyond it.
        let thresholds = [3, 5].map { UInt16(state.registers[$0]) << 8 | UInt16(state.registers[$0 + 1]) }
        state.registers[7] |= state.fault & ~0x38
        if code >= thresholds[0] >> 1 { state.registers[7] |= 0x80 }
        if code <= thresholds[1] >> 1 { state.registers[7] |= 0x40 }
    }
}
