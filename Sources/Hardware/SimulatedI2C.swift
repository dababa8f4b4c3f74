internal import Glibc
internal import Threads

/// The devices of a simulated I2C bus, and what goes wrong on it.
public final class SimulatedI2C: Sendable {
    /// What happens to a transaction.
    public enum Fault: Sendable, Hashable {
        /// The device does not acknowledge.
        case noAcknowledge
        /// The bus does not come free.
        case timeout
        /// Another master wins the bus.
        case arbitrationLost
        /// A bit of what is read arrives wrong, of what is written where nothing is read.
        /// - byte: counted from 0 over the whole transaction; bit: 0 is the lowest. None that is not there changes.
        case bitError(byte: Int, bit: Int)
        /// Of what is read only the first so many bytes come, where more are asked for; what is written arrives.
        case shortRead(Int)
        /// Every byte reads as this one, such as 0xFF or 0x00, and what is written is lost.
        case stuck(UInt8)
        /// The transaction takes so long, and then succeeds.
        case slow(Duration)
    }

    private struct State {
        var devices: [I2CAddress: any SimulatedI2CDevice] = [:]
        var faults: [I2CAddress: [Fault]] = [:]
        var heldFaults: [I2CAddress: Fault] = [:]
    }

    private let state = Lock(State())

    /// A bus with no device on it: every address answers with "no acknowledge".
    public init() {}

    /// Puts a device on the bus, in place of one that was there.
    public func attach(_ device: some SimulatedI2CDevice, at address: I2CAddress) {
        state.withLock { $0.devices[address] = device }
    }

    /// Takes the device at the address away; from now on nothing answers there.
    public func detach(at address: I2CAddress) {
        state.withLock { $0.devices[address] = nil }
    }

    /// Lets the next transactions with an address fail, one for each fault, in order and after those already scripted.
    public func script(_ faults: [Fault], at address: I2CAddress) {
        state.withLock { $0.faults[address, default: []] += faults }
    }

    /// Lets every transaction with an address fail, once those that are scripted are over.
    /// - Parameter fault: nil lets them succeed again.
    public func hold(_ fault: Fault?, at address: I2CAddress) {
        state.withLock { $0.heldFaults[address] = fault }
    }
}

extension SimulatedI2C: I2CController {
    package func transfer(
        _ messages: [I2CMessage], with address: I2CAddress, bus: String
    ) throws(I2CError) -> [UInt8] {
        let (device, fault, multiplexers) = state.withLock {
            state -> ((any SimulatedI2CDevice)?, Fault?, [SimulatedMultiplexer]) in
            let fault = state.faults[address].flatMap(\.first)
            if fault != nil { state.faults[address]?.removeFirst() }
            let present = fault ?? state.heldFaults[address]
            return (state.devices[address], present, state.devices.values.compactMap { $0 as? SimulatedMultiplexer })
        }
        switch fault {
        case .noAcknowledge: throw .noAcknowledge(bus: bus, address: address)
        case .timeout: throw .timeout(bus: bus, address: address)
        case .arbitrationLost: throw .arbitrationLost(bus: bus, address: address)
        // The bus's own thread, which a slow device holds as well.
        case .slow(let duration): usleep(UInt32(clamping: Int64(max(.zero, duration) / .microseconds(1))))
        case .stuck(let byte):
            let count = messages.reduce(0) { if case .read(let count) = $1 { $0 + count } else { $0 } }
            return [UInt8](repeating: byte, count: count)
        case .bitError, .shortRead, nil: break
        }
        guard let device else {
            // What is behind the channels that are switched on is on this bus as well.
            for channel in multiplexers.flatMap(\.selected) {
                do throws(I2CError) {
                    return try channel.transfer(messages, with: address, bus: bus)
                } catch {
                    guard case .noAcknowledge = error else { throw error }
                }
            }
            throw .noAcknowledge(bus: bus, address: address)
        }
        return Self.run(messages, device, fault)
    }

    package func isTakenByKernel(_ address: I2CAddress) -> Bool { false }

    private static func run(
        _ messages: [I2CMessage], _ device: any SimulatedI2CDevice, _ fault: Fault?
    ) -> [UInt8] {
        let hasReads = messages.contains { if case .read = $0 { true } else { false } }
        var written = 0
        var answer: [UInt8] = []
        for message in messages {
            switch message {
            case .write(var bytes):
                if !hasReads { flip(fault, in: &bytes, from: written) }
                written += bytes.count
                // An address alone is no message to a device.
                if !bytes.isEmpty { device.write(bytes) }
            case .read(let count):
                let bytes = device.read(count).prefix(count)
                answer += bytes
                answer += [UInt8](repeating: 0xFF, count: count - bytes.count)
            }
        }
        flip(fault, in: &answer, from: 0)
        if case .shortRead(let count) = fault { answer = Array(answer.prefix(max(count, 0))) }
        return answer
    }

    private static func flip(_ fault: Fault?, in bytes: inout [UInt8], from first: Int) {
        guard case .bitError(let byte, let bit) = fault, (first..<(first + bytes.count)).contains(byte),
            (0..<8).contains(bit)
        else { return }
        bytes[byte - first] ^= 1 << UInt8(bit)
    }
}
