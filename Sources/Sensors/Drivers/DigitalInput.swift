public import Hardware
internal import Supervision

/// The level of a GPIO line: once at the start, at every edge, and again from time to time.
public struct DigitalInput: EventDriver {
    public let id: String
    private let pin: GPIOPin
    private let quantity: Quantity
    private let isActiveLow: Bool
    private let bias: LineBias
    private let edges: EdgeDetection
    private let debounce: Duration
    private let refresh: Duration
    private let clock: any Clock<Duration>

    /// - Parameters:
    ///   - pin: the line.
    ///   - bias: the chip's own pull resistor.
    ///   - edges: which changes become readings.
    ///   - isActiveLow: turns the level's meaning round: true is low.
    ///   - debounce: how long a level must last before it counts.
    ///   - refresh: the level is reported at least this often, so that a receiver that missed an edge does not believe a
    ///     wrong level for ever.
    ///   - clock: the clock of `refresh`.
    public init(
        on pin: GPIOPin, bias: LineBias = .asIs, edges: EdgeDetection = .both, isActiveLow: Bool = false,
        debounce: Duration = .zero, refresh: Duration = .seconds(60), clock: any Clock<Duration> = ContinuousClock()
    ) {
        self.init(
            id: "input-\(pin.name)", .level, on: pin, isActiveLow: isActiveLow, bias: bias, edges: edges,
            debounce: debounce, refresh: refresh, clock: clock)
    }

    init(
        id: String, _ quantity: Quantity, on pin: GPIOPin, isActiveLow: Bool, bias: LineBias, edges: EdgeDetection,
        debounce: Duration, refresh: Duration, clock: any Clock<Duration>
    ) {
        self.id = id
        self.pin = pin
        self.quantity = quantity
        self.isActiveLow = isActiveLow
        self.bias = bias
        self.edges = edges
        self.debounce = debounce
        self.refresh = refresh
        self.clock = clock
    }

    /// - Throws: what `InputLine` throws.
    public func open() throws -> InputLine {
        try pin.openInput(
            InputOptions(bias: bias, edges: edges, isActiveLow: isActiveLow, debounce: debounce, consumer: id))
    }

    /// Returns when the task is cancelled or somebody releases the line.
    /// - Throws: `GPIOError`.
    public func run(
        _ line: InputLine, report: @escaping @Sendable (Measurement) async throws -> Void
    ) async throws {
        try await report(measurement(isHigh: line.level()))
        try await withThrowingTaskGroup(of: Void.self) { group in
            if edges != .none { group.addTask { try await reportEdges(line, report) } }
            group.addTask { try await reportRegularly(line, report) }
            // The first to end takes the other along.
            try await group.next()
            group.cancelAll()
        }
    }

    private func reportEdges(_ line: InputLine, _ report: (Measurement) async throws -> Void) async throws {
        try await line.events.handle { event in
            try await report(measurement(isHigh: event.kind == .rising, at: event.timestamp))
        }
    }

    private func reportRegularly(_ line: InputLine, _ report: (Measurement) async throws -> Void) async throws {
        var ticker = Ticker(every: refresh, on: Timeline(clock), isImmediate: false)
        while true {
            try await ticker.next()
            try await report(measurement(isHigh: line.level()))
        }
    }

    private func measurement(isHigh: Bool, at time: UInt64? = nil) -> Measurement {
        Measurement(quantity, .bool(isHigh), at: time)
    }
}
