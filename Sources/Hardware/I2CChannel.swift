internal import Threads

/// What the multiplexers on a bus are set to, as far as this process knows.
final class I2CSelection: Sendable {
    struct Channel: Equatable {
        let multiplexer: I2CAddress
        let mask: UInt8
    }

    /// Nil: unknown, or none. Only reached on the bus's thread; the lock is for the compiler.
    fileprivate let current = Lock<Channel?>(nil)
}

/// One channel of a multiplexer. Its bus runs on the thread of the bus below, so nothing comes between.
final class I2CChannel: I2CController {
    private let parent: any I2CController
    private let parentName: String
    private let selection: I2CSelection
    private let channel: I2CSelection.Channel

    init(
        parent: any I2CController, parentName: String, selection: I2CSelection, multiplexer: I2CAddress, mask: UInt8
    ) {
        self.parent = parent
        self.parentName = parentName
        self.selection = selection
        channel = I2CSelection.Channel(multiplexer: multiplexer, mask: mask)
    }

    func transfer(_ messages: [I2CMessage], with address: I2CAddress, bus: String) throws(I2CError) -> [UInt8] {
        try select()
        do throws(I2CError) {
            return try parent.transfer(messages, with: address, bus: bus)
        } catch {
            // The multiplexer may have lost its setting with its power, and with it the way to the device.
            selection.current.withLock { $0 = nil }
            throw error
        }
    }

    func isTakenByKernel(_ address: I2CAddress) -> Bool {
        parent.isTakenByKernel(address)
    }

    private func select() throws(I2CError) {
        let current = selection.current.withLock { $0 }
        guard current != channel else { return }
        selection.current.withLock { $0 = nil }
        if let current, current.multiplexer != channel.multiplexer {
            // Behind the other one there may be a device with the same address.
            _ = try parent.transfer([.write([0])], with: current.multiplexer, bus: parentName)
        }
        _ = try parent.transfer([.write([channel.mask])], with: channel.multiplexer, bus: parentName)
        selection.current.withLock { $0 = channel }
    }
}
