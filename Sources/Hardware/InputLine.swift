/// A GPIO line read by this process, which nobody else can use until it is released.
public final class InputLine: Sendable {
    private let request: any LineRequest
    private let stream: EdgeEventStream

    /// Requests a line of a kernel GPIO chip.
    /// - Parameters:
    ///   - chipLabel: the chip's label as `gpiodetect` shows it, for example `pinctrl-bcm2711`. Chips are found by
    ///     label because their numbers change between kernels.
    ///   - offset: the line's number in the chip, from 0.
    ///   - bias: the chip's own pull resistor.
    ///   - edges: which changes become ``events``; any but none costs a thread.
    /// - Throws: ``GPIOError``, or why the thread that waits for events cannot be started.
    public convenience init(
        chipLabel: String, offset: Int, bias: LineBias = .asIs, edges: EdgeDetection = .none
    ) throws {
        try self.init(bias, edges) { mode in try LinuxLine(chipLabel: chipLabel, offset: offset, mode) }
    }

    /// Requests a line of a simulated chip.
    /// - Throws: ``GPIOError``.
    public convenience init(
        simulated chip: SimulatedGPIO, offset: Int, bias: LineBias = .asIs, edges: EdgeDetection = .none
    ) throws {
        try self.init(bias, edges) { mode in try chip.request(offset, mode) }
    }

    private init(_ bias: LineBias, _ edges: EdgeDetection, _ request: (LineMode) throws -> any LineRequest) throws {
        let (stream, continuation) = EdgeEventStream.makeStream(bufferingPolicy: .bufferingNewest(EdgeEvents.capacity))
        self.stream = stream
        self.request = try request(.input(bias, edges, continuation))
        if edges == .none { continuation.finish() }
    }

    deinit {
        request.release()
    }

    /// Whether the line is high now.
    /// - Throws: ``GPIOError``.
    public func level() throws(GPIOError) -> Bool {
        try request.level()
    }

    /// The line's changes since it was requested; empty when requested without edges.
    public var events: EdgeEvents { EdgeEvents(line: self, stream: stream) }

    /// Gives the line back and ends ``events``. Happens by itself when nobody holds the line or its events any more.
    public func release() {
        request.release()
    }
}
