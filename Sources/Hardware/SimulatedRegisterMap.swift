internal import Threads

/// A simulated chip with numbered registers behind a pointer, as most sensors are built.
///
/// The first byte of a write sets the pointer, further ones go into the register it names; a read begins there. Both
/// run on into the register with the next number. The pointer itself stays, so a plain read repeats the last register.
/// Bytes beyond the chip's registers are ignored when written and read as 0xFF.
public final class SimulatedRegisterMap: SimulatedI2CDevice {
    private struct State {
        var registers: [UInt8: [UInt8]]
        var pointer: UInt8 = 0
    }

    private let state: Lock<State>

    /// - Parameter registers: each register's number and its bytes at power-up, in the order they are read.
    public init(_ registers: [UInt8: [UInt8]]) {
        state = Lock(State(registers: registers))
    }

    /// What a register holds now; nil where the chip has no such register.
    public subscript(register: UInt8) -> [UInt8]? {
        get { state.withLock { $0.registers[register] } }
        set { state.withLock { $0.registers[register] = newValue } }
    }

    public func write(_ bytes: [UInt8]) {
        guard let pointer = bytes.first else { return }
        state.withLock { state in
            state.pointer = pointer
            var register = pointer
            var rest = bytes.dropFirst()
            while !rest.isEmpty, var content = state.registers[register], !content.isEmpty {
                let part = rest.prefix(content.count)
                content.replaceSubrange(0..<part.count, with: part)
                state.registers[register] = content
                rest = rest.dropFirst(part.count)
                register &+= 1
            }
        }
    }

    public func read(_ count: Int) -> [UInt8] {
        state.withLock { state in
            var answer: [UInt8] = []
            var register = state.pointer
            while answer.count < count, let content = state.registers[register], !content.isEmpty {
                answer += content
                register &+= 1
            }
            return Array(answer.prefix(count))
        }
    }
}
