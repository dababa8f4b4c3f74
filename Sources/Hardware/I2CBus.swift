internal import Threads

/// An I2C bus: transactions with the devices on it, one at a time.
///
/// Transfers block for as long as the bus takes (up to the kernel's time-out, one second for most adapters), so every
/// bus has a thread of its own and the callers suspend meanwhile. They are served in the order they came. A bus that hangs
/// costs each caller the time-out; ``statistics`` tells. Nothing a program can do frees a data line that a device holds:
/// the adapter's driver may (a Pi's does not), else the device needs a reset.
public actor I2CBus {
    /// The most bytes of one message of a transaction: the limit of i2c-dev (linux/drivers/i2c/i2c-dev.c, I2C_RDWR).
    public static let maximumLength = 8192

    /// The most messages of one transaction (I2C_RDWR_IOCTL_MAX_MSGS in linux/i2c-dev.h).
    public static let maximumCount = 42

    /// The path of the bus, or the name of a simulated one.
    public nonisolated let name: String

    private let controller: any I2CController
    private let executor: ThreadExecutor
    private nonisolated let counter: I2CCounter
    private let retries: Int
    /// What the multiplexers on this bus are set to.
    private let selection = I2CSelection()
    /// The bus below, of one that is a multiplexer's channel: who opens it meanwhile gets the same one, with the same thread
    /// and selection.
    private let parent: I2CBus?

    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// The bus's thread. A task that prefers it (`withTaskExecutorPreference`) changes no threads when it awaits a transaction,
    /// which is most of what a short one costs this process otherwise.
    ///
    /// Unlike in ``perform(_:)``, others may come between. What such a task does by itself is short and does not block, for
    /// meanwhile nobody uses the bus.
    public nonisolated var thread: any TaskExecutor { executor }

    /// Opens a bus of the Linux kernel.
    /// - Parameter path: the bus's device node, for example `/dev/i2c-1`.
    /// - Throws: ``I2CError/noBus(bus:reason:)``, or why its thread cannot be started.
    public init(path: String, _ options: I2COptions = I2COptions()) throws {
        try self.init(path: path, options, countingIn: I2CCounter())
    }

    package init(path: String, _ options: I2COptions, countingIn counter: I2CCounter) throws {
        let thread = path.utf8.starts(with: "/dev/".utf8) ? String(path.dropFirst(5)) : "i2c"
        let controller = try LinuxI2C(path: path, options)
        self.init(name: path, controller, try ThreadExecutor(name: thread), counter, retries: options.retries)
    }

    /// A bus whose devices exist in this process only.
    /// - Throws: why its thread cannot be started.
    public init(
        simulated: SimulatedI2C, name: String = "the simulated I2C bus", _ options: I2COptions = I2COptions()
    ) throws {
        try self.init(simulated: simulated, name: name, options, countingIn: I2CCounter())
    }

    package init(
        simulated: SimulatedI2C, name: String, _ options: I2COptions, countingIn counter: I2CCounter
    ) throws {
        self.init(name: name, simulated, try ThreadExecutor(name: "i2c"), counter, retries: options.retries)
    }

    private init(
        name: String, _ controller: any I2CController, _ executor: ThreadExecutor, _ counter: I2CCounter, retries: Int,
        parent: I2CBus? = nil
    ) {
        self.name = name
        self.counter = counter
        self.controller = controller
        self.executor = executor
        self.retries = min(max(0, retries), I2COptions.mostRetries)
        self.parent = parent
    }

    /// What is behind one channel of a multiplexer of this bus, as a bus of its own that shares this one's thread: the
    /// channel is selected and used with nothing between.
    ///
    /// For the PCA9548 and its smaller and larger kin, whose only register has a bit for each channel (PCA9548A datasheet,
    /// NXP rev. 5.1, section 7.2; PCA9546A; TCA9548A). Multiplexers the kernel drives are buses of their own already.
    ///
    /// A device behind a channel must not have an address that is used on this bus too. Other multiplexers of this bus are
    /// switched off first, so behind them it may.
    /// - Parameters:
    ///   - channel: from 0.
    ///   - channels: how many the multiplexer has, at most 8.
    /// - Throws: ``I2CError/noChannel(bus:address:channel:channels:)``.
    public nonisolated func channel(
        _ channel: Int, of address: I2CAddress, channels: Int = 8
    ) throws(I2CError) -> I2CBus {
        let channels = min(max(channels, 1), 8)
        guard (0..<channels).contains(channel) else {
            throw .noChannel(bus: name, address: address, channel: channel, channels: channels)
        }
        let controller = I2CChannel(
            below: self.controller, name: name, selection: selection, multiplexer: address,
            mask: 1 << UInt8(channel))
        return I2CBus(
            name: "\(name) channel \(channel) of \(address)", controller, executor, counter, retries: retries,
            parent: self)
    }

    /// What became of the transactions so far, on a multiplexer's channel of those on the whole bus; can be asked for while
    /// one hangs.
    public nonisolated var statistics: I2CStatistics { counter.statistics }

    /// Runs several transactions on the bus's own thread, with none of this process's between.
    ///
    /// It saves the way to the thread and back, which is most of what a short transaction costs this process.
    public func perform<Result: Sendable, Failure: Error>(
        _ body: @Sendable (isolated I2CBus) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(self)
    }

    /// Reads from a device in one transaction.
    /// - Parameter count: how many bytes, 1 to ``maximumLength``.
    public func read(_ count: Int, from address: I2CAddress) throws(I2CError) -> [UInt8] {
        try checkLength(count, address)
        return try run([.read(count)], address)
    }

    /// Writes to a device in one transaction.
    /// - Parameter bytes: 1 to ``maximumLength`` bytes, as a rule a register's number and its new content.
    public func write(_ bytes: [UInt8], to address: I2CAddress) throws(I2CError) {
        try checkLength(bytes.count, address)
        _ = try run([.write(bytes)], address)
    }

    /// Writes to a device and reads from it in one combined transaction with a repeated start, so that no other master
    /// and no other process comes between (UM10204, section 3.1.10).
    /// - Parameters:
    ///   - bytes: 1 to ``maximumLength`` bytes, as a rule a register's number.
    ///   - count: how many bytes to read, 1 to ``maximumLength``.
    public func write(_ bytes: [UInt8], thenRead count: Int, at address: I2CAddress) throws(I2CError) -> [UInt8] {
        try checkLength(bytes.count, address)
        try checkLength(count, address)
        return try run([.write(bytes), .read(count)], address)
    }

    /// Any transaction with a device: messages joined by repeated starts.
    /// - Parameter messages: 1 to ``maximumCount``, each of 1 to ``maximumLength`` bytes.
    /// - Returns: the bytes of all reads, one behind the other.
    public func transfer(_ messages: [I2CMessage], with address: I2CAddress) throws(I2CError) -> [UInt8] {
        guard (1...Self.maximumCount).contains(messages.count) else {
            throw .invalidCount(bus: name, address: address, count: messages.count)
        }
        for message in messages { try checkLength(message.length, address) }
        return try run(messages, address)
    }

    /// Sends an address alone, with the read/write bit for write, and sees whether anything acknowledges.
    func probe(_ address: I2CAddress) throws(I2CError) {
        _ = try run([.write([])], address)
    }

    /// What is at an address.
    public enum Presence: Sendable, Hashable {
        case absent
        case present
        /// A driver of the kernel uses the device: hands off.
        case takenByKernel
    }

    /// Whether something answers at an address. See ``scan()`` for how it is asked.
    /// - Throws: ``I2CError`` when the bus fails.
    public func presence(of address: I2CAddress) throws(I2CError) -> Presence {
        do throws(I2CError) {
            let presence = try controller.presence(of: address, bus: name)
            counter.count(bytes: 0)
            return presence
        } catch {
            counter.count(error)
            throw error
        }
    }

    /// Asks all addresses who is there, with what does the least harm to most devices: a write of no bytes, but where
    /// memories live, 0x50 to 0x5F, and 0x30 to 0x37, for which a write of no bytes can be one too many, a read of one byte
    /// (as `i2cdetect` does). With an adapter that refuses writes of no bytes it is a read of one byte everywhere. No way
    /// of asking is safe with every device.
    /// - Throws: ``I2CError`` when the bus fails.
    public func scan() throws(I2CError) -> [(address: I2CAddress, presence: Presence)] {
        do throws(I2CError) {
            let found = try controller.scan(bus: name)
            counter.count(bytes: 0)
            return found
        } catch {
            counter.count(error)
            throw error
        }
    }

    private func run(_ messages: [I2CMessage], _ address: I2CAddress) throws(I2CError) -> [UInt8] {
        var retriesLeft = retries
        while true {
            do throws(I2CError) {
                let answer = try controller.transfer(messages, with: address, bus: name)
                var length = 0
                for message in messages { length += message.length }
                counter.count(bytes: length)
                return answer
            } catch {
                let canBeRepeated =
                    switch error {
                    case .noAcknowledge, .arbitrationLost: retriesLeft > 0
                    default: false
                    }
                guard canBeRepeated else {
                    counter.count(error)
                    throw error
                }
                counter.countRetry()
                retriesLeft -= 1
            }
        }
    }

    private func checkLength(_ length: Int, _ address: I2CAddress) throws(I2CError) {
        guard (1...Self.maximumLength).contains(length) else {
            throw .invalidLength(bus: name, address: address, length: length)
        }
    }
}

extension I2CController {
    package func presence(of address: I2CAddress, bus: String) throws(I2CError) -> I2CBus.Presence {
        var canWriteNothing = true
        return try presence(of: address, bus: bus, &canWriteNothing)
    }

    /// - Parameter canWriteNothing: whether to ask the adapter for a write of no bytes; false once it has refused one.
    private func presence(
        of address: I2CAddress, bus: String, _ canWriteNothing: inout Bool
    ) throws(I2CError) -> I2CBus.Presence {
        if isTakenByKernel(address) { return .takenByKernel }
        let isMemory = [0x30...0x37, 0x50...0x5F].contains { $0.contains(address.rawValue) }
        let writesNothing = canWriteNothing && !isMemory
        do throws(I2CError) {
            _ = try transfer([writesNothing ? .write([]) : .read(1)], with: address, bus: bus)
            return .present
        } catch {
            switch error {
            case .noAcknowledge:
                return .absent
            // Such as that of the AM335x (I2C_AQ_NO_ZERO_LEN in linux/i2c.h).
            case .unsupported where writesNothing:
                canWriteNothing = false
                return try presence(of: address, bus: bus, &canWriteNothing)
            default:
                throw error
            }
        }
    }

    /// The addresses where something is.
    package func scan(bus: String) throws(I2CError) -> [(address: I2CAddress, presence: I2CBus.Presence)] {
        var found: [(address: I2CAddress, presence: I2CBus.Presence)] = []
        var canWriteNothing = true
        for value in I2CAddress.range {
            let address = try I2CAddress(value)
            let presence = try presence(of: address, bus: bus, &canWriteNothing)
            if presence != .absent { found.append((address, presence)) }
        }
        return found
    }
}
