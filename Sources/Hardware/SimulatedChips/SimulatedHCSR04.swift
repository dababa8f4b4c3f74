internal import Threads

/// An HC-SR04 on two lines of a simulated GPIO chip: at the end of each trigger its echo comes, at once and with the times
/// that the distance makes.
public final class SimulatedHCSR04: Sendable {
    private struct State {
        var metres = 1.0
        var isThere = true
    }

    private let state = Lock(State())

    /// The speed of sound in air of 20 degrees, in m/s.
    private static let speed = 331.3 + 0.606 * 20

    /// - Parameters:
    ///   - trigger: the line the app drives.
    ///   - echo: the line the sensor drives.
    /// - Throws: ``GPIOError/noSuchLine(chip:offset:lines:)``.
    public init(on chip: SimulatedGPIO, trigger: Int, echo: Int) throws(GPIOError) {
        try chip.drive(echo, high: false)
        // The chip holds the sensor, which must not hold the chip.
        try chip.onChange(of: trigger) { [self, weak chip] isHigh in
            guard !isHigh, let flight else { return }
            try? chip?.pulse(echo, high: true, lasting: flight)
        }
    }

    /// - Parameter metres: to what reflects the sound; 0 to 100, cut to that.
    public func set(metres: Double) { state.withLock { $0.metres = metres > 0 ? min(metres, 100) : 0 } }

    /// - Parameter isThere: without a sensor no echo comes at all.
    public func set(isThere: Bool) { state.withLock { $0.isThere = isThere } }

    /// How long the sound is on its way there and back; nil without a sensor.
    private var flight: Duration? {
        state.withLock { $0.isThere ? Duration.seconds(2 * $0.metres / Self.speed) : nil }
    }
}
