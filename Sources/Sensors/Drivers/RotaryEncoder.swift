public import Hardware

/// A knob or shaft with two contacts a quarter of a period apart: where it stands, counted from the start.
///
/// Turning so that A changes before B counts up. Contacts that bounce count forth and back again, so that no debouncing is
/// needed. The lines are of one request, for only then are their edges told in the order in which they happened.
public struct RotaryEncoder: EventDriver {
    /// The lines of both contacts, and which is that of A.
    public struct Device: Sendable {
        let lines: InputLines
        let offsetA: Int
    }

    public let id: String
    private let a: GPIOPin
    private let b: GPIOPin
    private let bias: LineBias
    private let stepsPerCount: Int

    /// - Parameters:
    ///   - a: the line of the contact A.
    ///   - b: the line of the contact B, on the same chip.
    ///   - stepsPerCount: how many of the four steps of a period are one: 4 for knobs with a detent a period, 2 for those
    ///     with two, 1 for shafts.
    ///   - bias: the chip's own pull resistors.
    public init(a: GPIOPin, b: GPIOPin, stepsPerCount: Int = 4, bias: LineBias = .pullUp) {
        id = "encoder-\(a.name)"
        self.a = a
        self.b = b
        self.stepsPerCount = max(stepsPerCount, 1)
        self.bias = bias
    }

    /// - Throws: what `InputLines` throws, ``SensorError/invalidArgument(sensor:what:)``.
    public func open() throws -> Device {
        let (lines, offsets) = try GPIOPin.openInputs([a, b], InputOptions(bias: bias, edges: .both, consumer: id))
        return Device(lines: lines, offsetA: offsets[0])
    }

    /// Returns when the task is cancelled or somebody releases the lines.
    /// - Throws: `GPIOError`.
    public func run(
        _ device: Device, report: @escaping @Sendable (Measurement) async throws -> Void
    ) async throws {
        let levels = try device.lines.levels()
        var decoder = QuadratureDecoder(a: levels[0], b: levels[1])
        var count = 0
        try await report(Measurement(.position, .number(0)))
        try await device.lines.events.handle { event in
            let isHigh = event.kind == .rising
            let isA = event.offset == device.offsetA
            decoder.move(a: isA ? isHigh : decoder.a, b: isA ? decoder.b : isHigh)
            let moved = Self.count(after: count, steps: decoder.steps, stepsPerCount: stepsPerCount)
            guard moved != count else { return }
            count = moved
            try await report(Measurement(.position, .number(Double(count)), at: event.timestamp))
        }
    }
}

extension RotaryEncoder {
    /// The count after one more step. Three of four steps are enough for the next one, so that a detent that lies a step
    /// beside does no harm; as it then takes two steps back to be on the way to the former one, a knob that trembles between
    /// two steps stays where it is.
    static func count(after count: Int, steps: Int, stepsPerCount: Int) -> Int {
        let ahead = steps - count * stepsPerCount
        guard abs(ahead) >= stepsPerCount - stepsPerCount / 4 else { return count }
        return count + ahead.signum()
    }
}

extension Quantity {
    /// Where a knob or shaft stands, in its own counts.
    public static let position = Quantity("position", unit: "count")
}
