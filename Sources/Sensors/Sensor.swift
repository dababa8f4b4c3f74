public import Supervision

/// A driver under supervision: its measurements go into a mailbox as readings.
///
/// The driver opens its bus or line in the *start* of the child, and every failure, there or later, ends this child
/// alone. An absent or failing chip is retried for ever, at first soon and then every half minute: chips are unplugged
/// and come back, and a restart with a delay disturbs nobody and does not count in the supervisor's intensity.
public struct Sensor: Sendable {
    /// The delays between retries. Half a second outlasts a chip's reset and a bus's recovery; 30 s bound how long a chip
    /// that came back stays unnoticed.
    public static let backoff = Backoff(initial: .milliseconds(500), maximum: .seconds(30))

    /// The child to give to a supervisor.
    public let childSpec: ChildSpec

    /// A sensor that is sampled at once and then periodically, by absolute deadlines: it does not drift, and samples
    /// that a slow bus made impossible are skipped.
    ///
    /// - Parameters:
    ///   - driver: what to sample.
    ///   - id: the sensor's id, unique on the device; nil for the driver's.
    ///   - period: the time between samples, at least 1 ms.
    ///   - mailbox: where the readings go.
    ///   - clock: the clock of the period.
    public init(
        _ driver: some PolledDriver, id: String? = nil, every period: Duration, into mailbox: Mailbox<Reading>,
        clock: any Clock<Duration> = ContinuousClock()
    ) {
        let id = id ?? driver.id
        childSpec = ChildSpec(id, backoff: Self.backoff) {
            let device = try await driver.open()
            return {
                var ticker = Ticker(every: period, on: Timeline(clock))
                while true {
                    try await ticker.next()
                    for measurement in try await driver.sample(device) {
                        try await mailbox.send(Reading(of: id, measurement))
                    }
                }
            }
        }
    }

    /// A sensor that speaks by itself.
    ///
    /// - Parameters:
    ///   - driver: what to listen to.
    ///   - id: the sensor's id, unique on the device; nil for the driver's.
    ///   - mailbox: where the readings go.
    public init(_ driver: some EventDriver, id: String? = nil, into mailbox: Mailbox<Reading>) {
        let id = id ?? driver.id
        childSpec = ChildSpec(id, backoff: Self.backoff) {
            let device = try await driver.open()
            return {
                try await driver.run(device) { measurement in
                    try await mailbox.send(Reading(of: id, measurement))
                }
            }
        }
    }
}

extension Reading {
    fileprivate init(of sensor: String, _ measurement: Measurement) {
        self.init(sensor: sensor, quantity: measurement.quantity, value: measurement.value, at: measurement.time)
    }
}
