internal import Glibc
internal import Hardware
internal import Supervision
internal import Threads

/// HC-SR04 and ultrasonic rangers with the same two lines: the distance to what reflects sound, 2 cm to 4 m (HC-SR04 user
/// guide, Elecfreaks).
///
/// The sensor's output has 5 V: between it and the Pi belongs a divider, or a version of the sensor for 3.3 V.
/// The length of the echo is the difference of two timestamps the kernel takes in its interrupt handler; what delays this
/// process does not lengthen it.
public struct HCSR04: PolledDriver {
    /// The two lines.
    public struct Device: Sendable {
        let trigger: OutputLine
        let echo: InputLine
    }

    public let id: String
    private let trigger: GPIOPin
    private let echo: GPIOPin
    private let celsius: Double
    private let clock: any Clock<Duration>

    /// - Parameters:
    ///   - trigger: the line to the sensor's pin Trig.
    ///   - echo: the line from its pin Echo.
    ///   - celsius: the temperature of the air, which decides how fast sound is: 0.17 % a degree.
    ///   - clock: the clock of the wait for the echo.
    public init(
        trigger: GPIOPin, echo: GPIOPin, celsius: Double = 20, clock: any Clock<Duration> = ContinuousClock()
    ) {
        id = "hcsr04-\(echo.name)"
        self.trigger = trigger
        self.echo = echo
        self.celsius = celsius
        self.clock = clock
    }

    /// - Throws: what `InputLine` and `OutputLine` throw.
    public func open() throws -> Device {
        Device(
            trigger: try trigger.openOutput(initial: false), echo: try echo.openInput(bias: .pullDown, edges: .both))
    }

    /// Nothing when nothing reflects within range.
    /// - Throws: `GPIOError`, ``SensorError/notReady(sensor:what:waited:)`` when there is no echo signal at all, which a
    ///   sensor that is there gives also without an obstacle.
    public func sample(_ device: Device) async throws -> [Measurement] {
        let start = UInt64(MonotonicClock.now)
        try pulse(device.trigger)
        guard let (rise, fall) = try await echo(after: start, device.echo) else {
            throw SensorError.notReady(sensor: id, what: "the echo", waited: Self.patience)
        }
        guard let metres = Self.metres(nanoseconds: fall - rise, celsius: celsius) else { return [] }
        return [Measurement(.length, .number(metres), at: rise)]
    }

    /// At least 10 us; the sensor begins when it ends, so that a longer one does no harm.
    private func pulse(_ trigger: OutputLine) throws {
        try trigger.set(true)
        let end = MonotonicClock.now + 10_000
        while MonotonicClock.now < end {}
        try trigger.set(false)
    }

    /// The two edges of the echo; nil when they do not come in time. The line is then released: the sensor has to be opened
    /// anew.
    private func echo(after start: UInt64, _ line: InputLine) async throws -> (rise: UInt64, fall: UInt64)? {
        let timeline = Timeline(clock)
        let timeout = timeline.wake(at: timeline.now + Self.patience) { line.release() }
        defer { timeout.cancel() }
        var rise: UInt64?
        for try await event in line.events {
            // What comes late of an earlier echo.
            guard event.timestamp >= start else { continue }
            switch (event.kind, rise) {
            case (.rising, _): rise = event.timestamp
            case (.falling, let begin?) where event.timestamp >= begin: return (begin, event.timestamp)
            case (.falling, _): break
            }
        }
        try Task.checkCancellation()
        return nil
    }

    /// The way there and back; nil beyond 4.5 m, from where no echo comes: the sensor then ends its signal by itself after
    /// 38 ms or, in later versions, 200 ms.
    static func metres(nanoseconds: UInt64, celsius: Double) -> Double? {
        // Speed of sound in dry air near room temperature, in m/s.
        let speed = 331.3 + 0.606 * celsius
        let metres = Double(nanoseconds) / 1e9 * speed / 2
        return metres <= 4.5 ? metres : nil
    }

    /// Far more than the longest signal, 200 ms.
    private static let patience = Duration.milliseconds(500)
}
