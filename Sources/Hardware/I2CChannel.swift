internal import Threads

/// What the multiplexers on a bus are set to, as far as this process knows.
final class I2CSelection: Sendable {
    struct Channel: Equatable {
        let multiplexer: I2CAddress
        let mask: UInt8
    }

    fileprivate struct State {
        /// What the bus leads to now; nil: unknown, or to nothing behind a multiplexer.
        var current: Channel?
        /// Multiplexers that may have a channel on. Before anything is known, that is all of them.
        var maybeOn: Set<I2CAddress> = []
    }

    /// Only reached on the bus's thread, but for the multiplexers that become known; the lock is for these and the compiler.
    fileprivate let state = Lock(State())
}

/// One channel of a multiplexer. Its bus runs on the thread of the bus below, so nothing comes between.
final class I2CChannel: I2CController {
    private let below: any I2CController
    private let name: String
    private let selection: I2CSelection
    private let channel: I2CSelection.Channel

    /// - Parameters:
    ///   - below: the bus the multiplexer is on.
    ///   - name: what errors call that.
    init(below: any I2CController, name: String, selection: I2CSelection, multiplexer: I2CAddress, mask: UInt8) {
        self.below = below
        self.name = name
        self.selection = selection
        channel = I2CSelection.Channel(multiplexer: multiplexer, mask: mask)
        // It may be on since before this process.
        selection.state.withLock { _ = $0.maybeOn.insert(multiplexer) }
    }

    func transfer(_ messages: [I2CMessage], with address: I2CAddress, bus: String) throws(I2CError) -> [UInt8] {
        try select()
        do throws(I2CError) {
            return try below.transfer(messages, with: address, bus: bus)
        } catch {
            // The multiplexer may have lost its setting with its power, and with it the way to the device.
            selection.state.withLock { $0.current = nil }
            throw error
        }
    }

    func isTakenByKernel(_ address: I2CAddress) -> Bool {
        below.isTakenByKernel(address)
    }

    private func select() throws(I2CError) {
        let (current, others) = selection.state.withLock { state in
            (state.current, state.maybeOn.subtracting([channel.multiplexer]))
        }
        guard current != channel else { return }
        selection.state.withLock { $0.current = nil }
        // Behind another one there may be a device with the same address.
        for other in others {
            do throws(I2CError) {
                _ = try below.transfer([.write([0])], with: other, bus: name)
                selection.state.withLock { _ = $0.maybeOn.remove(other) }
            } catch {
                // One that does not answer leads nowhere, most likely; it may be back later.
                guard case .noAcknowledge = error else { throw error }
            }
        }
        selection.state.withLock { _ = $0.maybeOn.insert(channel.multiplexer) }
        _ = try below.transfer([.write([channel.mask])], with: channel.multiplexer, bus: name)
        selection.state.withLock { $0.current = channel }
    }
}
