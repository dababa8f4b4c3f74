internal import Threads

/// A serial port (UART): bytes out, frames in.
///
/// A thread of its own waits for the line; no call blocks the caller's thread.
public final class SerialPort: Sendable {
    /// The path of the port, or the name of a simulated one.
    public let name: String

    private let connection: any SerialConnection
    private let receiver: SerialReceiver
    private let stream: SerialFrameStream

    /// Opens a port of the Linux kernel, for this process alone.
    /// - Parameters:
    ///   - path: the device node, for example `/dev/ttyAMA0` or `/dev/ttyUSB0`.
    ///   - settings: how the characters look.
    ///   - framing: how what comes is cut into ``frames``.
    /// - Throws: ``SerialError``, or why the port's thread cannot be started.
    public convenience init(path: String, settings: SerialSettings, framing: SerialFraming) throws {
        try self.init(name: path, framing) { try LinuxSerial(path: path, settings: settings, $0) }
    }

    /// Opens a port that exists in this process only.
    /// - Throws: ``SerialError/busy(port:)``.
    public convenience init(
        simulated: SimulatedSerial, settings: SerialSettings, framing: SerialFraming,
        name: String = "the simulated serial port"
    ) throws {
        try self.init(name: name, framing) { try simulated.connect($0, settings, name) }
    }

    private init(
        name: String, _ framing: SerialFraming, _ connect: (SerialReceiver) throws -> any SerialConnection
    ) throws {
        let (stream, continuation) = SerialFrameStream.makeStream(
            bufferingPolicy: .bufferingNewest(SerialFrames.capacity))
        self.name = name
        self.stream = stream
        receiver = SerialReceiver(framing, continuation)
        connection = try connect(receiver)
    }

    deinit {
        connection.close()
    }

    /// What came since the port was opened.
    public var frames: SerialFrames { SerialFrames(port: self, stream: stream) }

    /// Sends bytes. Concurrent calls are served in the order they came, each whole.
    /// - Parameters:
    ///   - bytes: what to send. When the call returns they are with the kernel, not yet on the line; what is not when the
    ///     port is closed, is not sent any more.
    ///   - limit: how long the kernel may take, which waits when its buffer (4096 bytes) is full.
    /// - Throws: ``SerialError/writeTimeout(port:written:of:)``, ``SerialError/failed(port:reason:)``,
    ///   ``SerialError/closed(port:)``.
    public func write(_ bytes: [UInt8], within limit: Duration = .seconds(5)) async throws(SerialError) {
        try await connection.write(bytes, within: limit)
    }

    /// What was received and lost since the port was opened.
    public var statistics: SerialStatistics {
        var statistics = receiver.statistics
        connection.countErrors(in: &statistics)
        return statistics
    }

    /// Frames that came since then and were not taken in time. Without a question to the kernel.
    package var droppedFrames: UInt64 { receiver.statistics.droppedFrames }

    /// Gives the port back and ends ``frames``. Happens by itself when nobody holds the port or its frames any more.
    public func close() {
        connection.close()
    }
}
