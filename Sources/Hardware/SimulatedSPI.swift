internal import Glibc
internal import Threads

/// One chip select of a simulated SPI bus, the chip at it, and what goes wrong.
public final class SimulatedSPI: Sendable {
    /// What becomes of a transaction.
    public enum Fault: Sendable, Hashable {
        /// The controller gives up.
        case failed
        /// The line from the chip stays low: every byte reads 0x00.
        case stuckLow
        /// The line from the chip stays high, or nothing drives it: every byte reads 0xFF.
        case stuckHigh
        /// One bit of the answer is wrong: bit 0 to 7, 0 the lowest, of a byte counted from 0.
        case bitError(byte: Int, bit: Int)
        /// The transaction takes so much longer.
        case slow(Duration)
    }

    private struct State {
        var device: (any SimulatedSPIDevice)?
        var faults: [Fault] = []
        var heldFault: Fault?
        var settings: SPISettings?
    }

    private let state: Lock<State>

    /// - Parameter device: the chip; nil for none, which reads as 0xFF.
    public init(_ device: (any SimulatedSPIDevice)? = nil) {
        state = Lock(State(device: device))
    }

    /// Puts a chip at the chip select, in place of one that was there.
    public func attach(_ device: some SimulatedSPIDevice) {
        state.withLock { $0.device = device }
    }

    /// Takes the chip away; from now on every byte reads 0xFF.
    public func detach() {
        state.withLock { $0.device = nil }
    }

    /// Lets the next transactions go wrong, one for each fault, in order and after those already scripted.
    public func script(_ faults: [Fault]) {
        state.withLock { $0.faults += faults }
    }

    /// Lets every transaction go wrong, once those that are scripted are over.
    /// - Parameter fault: nil lets them succeed again.
    public func hold(_ fault: Fault?) {
        state.withLock { $0.heldFault = fault }
    }

    /// What the last one to open the device asked for; nil before.
    public internal(set) var settings: SPISettings? {
        get { state.withLock { $0.settings } }
        set { state.withLock { $0.settings = newValue } }
    }
}

extension SimulatedSPI: SPIController {
    func transfer(_ messages: [SPIMessage], device: String) throws(SPIError) -> [[UInt8]] {
        let (chip, fault) = state.withLock { state in
            (state.device, state.faults.isEmpty ? state.heldFault : state.faults.removeFirst())
        }
        switch fault {
        case .failed: throw .failed(device: device, reason: systemMessage(ETIMEDOUT))
        case .slow(let duration): blockThread(duration)
        default: break
        }
        var answer: [UInt8] = []
        var selection: [UInt8] = []
        for (index, message) in messages.enumerated() {
            selection += message.bytes
            guard message.deselects || index == messages.count - 1 else { continue }
            let driven = chip?.exchange(selection).prefix(selection.count) ?? []
            answer += driven + [UInt8](repeating: 0xFF, count: selection.count - driven.count)
            selection = []
        }
        switch fault {
        case .stuckLow: answer = [UInt8](repeating: 0x00, count: answer.count)
        case .stuckHigh: answer = [UInt8](repeating: 0xFF, count: answer.count)
        case .bitError(let byte, let bit) where answer.indices.contains(byte): answer[byte] ^= 1 << UInt8(bit & 7)
        default: break
        }
        var rest = answer[...]
        return messages.map { message in
            defer { rest = rest.dropFirst(message.bytes.count) }
            return Array(rest.prefix(message.bytes.count))
        }
    }
}
