internal import Threads

/// A chip on an SPI bus, one of those its controller can select.
///
/// Transfers block for as long as the bits take, so every controller has a thread of its own, shared by its devices; the
/// callers suspend meanwhile. They are served in the order they came.
public actor SPIDevice {
    /// The most bytes of one transaction, all messages together, each rounded up to ``alignment``: what spidev's buffer
    /// takes unless its parameter bufsiz says otherwise (linux/drivers/spi/spidev.c).
    public static let maximumLength = 4096

    /// Bytes. In the buffer each message begins at a multiple of them (ARCH_DMA_MINALIGN in
    /// linux/arch/arm64/include/asm/cache.h): so 32 short messages fill it.
    public static let alignment = 128

    /// The path of the device, or the name of a simulated one.
    public nonisolated let name: String

    private let controller: any SPIController
    private let executor: ThreadExecutor

    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// The controller's thread. A task that prefers it (`withTaskExecutorPreference`) changes no threads when it awaits a
    /// transfer; it must not block there.
    public nonisolated var thread: any TaskExecutor { executor }

    /// Opens a device of the Linux kernel.
    /// - Parameters:
    ///   - path: the device node, `/dev/spidev`, the controller's number, a dot and that of the chip select, for example
    ///     `/dev/spidev0.1`.
    ///   - settings: how the chip wants to be spoken to. All who open the same device share them.
    /// - Throws: ``SPIError``, or why the controller's thread cannot be started.
    public init(path: String, settings: SPISettings) throws {
        name = path
        controller = try LinuxSPI(path: path, settings: settings)
        // spidev0.0 and spidev0.1 are one controller, which does one transfer at a time.
        executor = try SharedThreads.executor(named: Self.controllerName(path))
    }

    /// A device that exists in this process only.
    /// - Throws: why its thread cannot be started.
    public init(simulated: SimulatedSPI, settings: SPISettings, name: String = "the simulated SPI device") throws {
        self.name = name
        simulated.settings = settings
        controller = simulated
        executor = try SharedThreads.executor(named: "spi")
    }

    /// Writes and reads at the same time, in one transaction.
    /// - Parameter bytes: 1 to ``maximumLength`` bytes.
    /// - Returns: as many bytes as were written.
    public func transfer(_ bytes: [UInt8]) throws(SPIError) -> [UInt8] {
        try transfer([SPIMessage(bytes)])[0]
    }

    /// Several messages in one transaction, which nobody else's comes between.
    /// - Parameter messages: at least one, of at least 1 byte each, of together at most ``maximumLength``.
    /// - Returns: what came back, for each message as many bytes as were written.
    public func transfer(_ messages: [SPIMessage]) throws(SPIError) -> [[UInt8]] {
        let bytes = messages.reduce(0) { $0 + $1.bytes.count }
        let taken = messages.reduce(0) { $0 + ($1.bytes.count + Self.alignment - 1) / Self.alignment * Self.alignment }
        guard !messages.isEmpty, taken <= Self.maximumLength, messages.allSatisfy({ !$0.bytes.isEmpty }) else {
            throw .invalidLength(device: name, bytes: bytes, messages: messages.count)
        }
        return try controller.transfer(messages, device: name)
    }

    /// "spidev0" of "/dev/spidev0.1".
    static func controllerName(_ path: String) -> String {
        let name = path.utf8.split(separator: UInt8(ascii: "/")).last ?? Substring(path).utf8
        return String(decoding: name.prefix { $0 != UInt8(ascii: ".") }, as: UTF8.self)
    }
}
