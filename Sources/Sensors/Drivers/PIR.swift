public import Hardware

/// A passive infrared motion sensor with a digital output, such as HC-SR501 or AM312: true while it sees something move.
///
/// The sensor itself holds its output for seconds after a movement, and some see movement for the first minute after
/// power-up. It drives its output both ways; the pull-down resistor makes a broken wire read as no motion.
public struct PIR: EventDriver {
    private let input: DigitalInput

    public var id: String { input.id }

    /// - Parameters:
    ///   - pin: the line. The outputs of the named sensors have 3.3 V, whatever their supply.
    ///   - refresh: the state is reported at least this often.
    ///   - clock: the clock of `refresh`.
    public init(
        on pin: GPIOPin, refresh: Duration = .seconds(60), clock: any Clock<Duration> = ContinuousClock()
    ) {
        input = DigitalInput(
            id: "pir-\(pin.name)", .motion, on: pin, isActiveLow: false, bias: .pullDown, edges: .both,
            debounce: .zero, refresh: refresh, clock: clock)
    }

    /// - Throws: what `InputLine` throws.
    public func open() throws -> InputLine {
        try input.open()
    }

    /// Returns when the task is cancelled or somebody releases the line.
    /// - Throws: `GPIOError`.
    public func run(
        _ line: InputLine, report: @escaping @Sendable (Measurement) async throws -> Void
    ) async throws {
        try await input.run(line, report: report)
    }
}

extension Quantity {
    /// Whether something moves.
    public static let motion = Quantity("motion", unit: nil)
}
