internal import Threads

/// The devices of a simulated I2C bus, and what goes wrong on it.
public final class SimulatedI2C: Sendable {
    /// How a transaction fails.
    public enum Fault: Sendable, Hashable {
        /// The device does not acknowledge.
        case noAcknowledge
        /// The bus does not come free.
        case timeout
        /// Another master wins the bus.
        case arbitrationLost
    }

    private struct State {
        var devices: [I2CAddress: any SimulatedI2CDevice] = [:]
        var faults: [I2CAddress: [Fault]] = [:]
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
}

extension SimulatedI2C: I2CController {
    func transfer(
        writing bytes: [UInt8], thenReading count: Int, address: I2CAddress, bus: String
    ) throws(I2CError) -> [UInt8] {
        let (device, fault) = state.withLock { state -> ((any SimulatedI2CDevice)?, Fault?) in
            let fault = state.faults[address].flatMap(\.first)
            if fault != nil { state.faults[address]?.removeFirst() }
            return (state.devices[address], fault)
        }
        switch fault {
        case .noAcknowledge: throw .noAcknowledge(bus: bus, address: address)
        case .timeout: throw .timeout(bus: bus, address: address)
        case .arbitrationLost: throw .failed(bus: bus, address: address, reason: "another master won the bus")
        case nil: break
        }
        guard let device else { throw .noAcknowledge(bus: bus, address: address) }
        if !bytes.isEmpty { device.write(bytes) }
        guard count > 0 else { return [] }
        let answer = device.read(count).prefix(count)
        return answer + [UInt8](repeating: 0xFF, count: count - answer.count)
    }
}
