internal import Hardware
public import Supervision

/// A light that blinks for as long as the app is alive: the one sign of life a device without a network can give.
public struct HeartbeatLED: Sendable {
    /// The child to give to a supervisor.
    public let childSpec: ChildSpec

    /// - Parameters:
    ///   - pin: the line; high lights the LED.
    ///   - period: one blink, half on and half off, at least 2 ms.
    ///   - clock: the clock of `period`.
    public init(
        on pin: GPIOPin, period: Duration = .seconds(1), clock: any Clock<Duration> = ContinuousClock()
    ) {
        let id = "heartbeat-\(pin.name)"
        childSpec = ChildSpec(id, backoff: Sensor.backoff) {
            let line = try pin.openOutput(initial: false, OutputOptions(safe: false, consumer: id))
            return {
                // A light that stays on would tell of a life that has ended: its safe level is off.
                defer { line.release() }
                var ticker = Ticker(every: period / 2, on: Timeline(clock))
                var isOn = false
                while true {
                    try await ticker.next()
                    isOn.toggle()
                    try line.set(isOn)
                }
            }
        }
    }
}
