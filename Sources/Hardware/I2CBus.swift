internal import Threads

/// An I2C bus: transactions with the devices on it, one at a time.
///
/// Transfers block for as long as the bus takes (up to the kernel's time-out, one second for most adapters), so every
/// bus has a thread of its own and the callers suspend meanwhile. They are served in the order they came.
public actor I2CBus {
    /// The most bytes of one message of a transaction: the limit of i2c-dev (linux/drivers/i2c/i2c-dev.c, I2C_RDWR).
    public static let maximumLength = 8192

    /// The path of the bus, or the name of a simulated one.
    public nonisolated let name: String

    private let controller: any I2CController
    private let executor: ThreadExecutor

    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Opens a bus of the Linux kernel.
    /// - Parameter path: the bus's device node, for example `/dev/i2c-1`.
    /// - Throws: ``I2CError/noBus(bus:reason:)``, or why its thread cannot be started.
    public init(path: String) throws {
        try self.init(name: path, LinuxI2C(path: path))
    }

    /// A bus whose devices exist in this process only.
    /// - Throws: why its thread cannot be started.
    public init(simulated: SimulatedI2C, name: String = "the simulated I2C bus") throws {
        try self.init(name: name, simulated)
    }

    private init(name: String, _ controller: any I2CController) throws {
        self.name = name
        self.controller = controller
        executor = try ThreadExecutor(name: name.utf8.starts(with: "/dev/".utf8) ? String(name.dropFirst(5)) : "i2c")
    }

    /// Reads from a device in one transaction.
    /// - Parameter count: how many bytes, 1 to ``maximumLength``.
    public func read(_ count: Int, from address: I2CAddress) throws(I2CError) -> [UInt8] {
        try checkLength(count, address)
        return try controller.transfer(writing: [], thenReading: count, address: address, bus: name)
    }

    /// Writes to a device in one transaction.
    /// - Parameter bytes: 1 to ``maximumLength`` bytes, as a rule a register's number and its new content.
    public func write(_ bytes: [UInt8], to address: I2CAddress) throws(I2CError) {
        try checkLength(bytes.count, address)
        _ = try controller.transfer(writing: bytes, thenReading: 0, address: address, bus: name)
    }

    /// Writes to a device and reads from it in one combined transaction with a repeated start, so that no other master
    /// and no other process comes between (UM10204, section 3.1.10).
    /// - Parameters:
    ///   - bytes: 1 to ``maximumLength`` bytes, as a rule a register's number.
    ///   - count: how many bytes to read, 1 to ``maximumLength``.
    public func write(_ bytes: [UInt8], thenRead count: Int, at address: I2CAddress) throws(I2CError) -> [UInt8] {
        try checkLength(bytes.count, address)
        try checkLength(count, address)
        return try controller.transfer(writing: bytes, thenReading: count, address: address, bus: name)
    }

    private func checkLength(_ length: Int, _ address: I2CAddress) throws(I2CError) {
        guard (1...Self.maximumLength).contains(length) else {
            throw .invalidLength(bus: name, address: address, length: length)
        }
    }
}
