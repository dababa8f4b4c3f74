public import Hardware

/// A push button between a GPIO line and ground or supply: true while it is pressed.
///
/// A contact bounces: what does not last for 5 ms, which most buttons' bouncing does not exceed, is not reported.
public struct Button: EventDriver {
    /// What the button connects the line to when pressed.
    public enum Wiring: Sendable, Hashable {
        /// To ground; the chip's pull-up resistor holds the released line high.
        case toGround
        /// To 3.3 V; the chip's pull-down resistor holds the released line low.
        case toSupply
    }

    private let input: DigitalInput

    public var id: String { input.id }

    /// - Parameters:
    ///   - pin: the line.
    ///   - wiring: what the button connects the line to.
    ///   - debounce: how long a state must last before it counts.
    ///   - refresh: the state is reported at least this often.
    ///   - clock: the clock of `refresh`.
    public init(
        on pin: GPIOPin, wiring: Wiring = .toGround, debounce: Duration = .milliseconds(5),
        refresh: Duration = .seconds(60), clock: any Clock<Duration> = ContinuousClock()
    ) {
        input = DigitalInput(
            id: "button-\(pin.name)", .pressed, on: pin, isActiveLow: wiring == .toGround,
            bias: wiring == .toGround ? .pullUp : .pullDown, edges: .both, debounce: debounce,
            refresh: refresh, clock: clock)
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
