public import Supervision

/// A driver under supervision: its measurements go into a mailbox as readings.
///
/// The driver opens its bus or line in the *start* of the child, and every failure, there or later, ends this child
/// alone. An absent or failing chip is retried for ever, at first soon and then every half minute: chips are unplugged
/// and come back, and a restart with a delay disturbs nobody and does not count in the supervisor's intensity.
///
/// In a cell (``Isolation/process(_:)``) the driver may trap or crash, and still ends this child alone; its readings
/// cross to the mailbox.
public struct Sensor: Sendable {
    /// The delays between retries. Half a second outlasts a chip's reset and a bus's recovery; 30 s bound how long a chip
    /// that came back stays unnoticed.
    public static let backoff = Backoff(initial: .milliseconds(500), maximum: .seconds(30))

    /// The child to give to a supervisor.
    public let childSpec: ChildSpec

    /// A sensor that is sampled at once and then periodically, by absolute deadlines: it does not drift, and samples
    /// that a slow bus made impossible are skipped.
    ///
    /// Every sample that got through is a sign of life: a ``ChildSpec/liveness`` of some periods makes a bus that hangs
    /// the sensor's failure.
    ///
    /// - Parameters:
    ///   - driver: what to sample.
    ///   - id: the sensor's id, unique on the device; nil for the driver's.
    ///   - period: the time between samples, at least 1 ms.
    ///   - mailbox: where the readings go.
    ///   - isolation: where the driver runs.
    ///   - clock: the clock of the period.
    public init(
        _ driver: some PolledDriver, id: String? = nil, every period: Duration, into mailbox: Mailbox<Reading>,
        isolation: Isolation = .task, clock: any Clock<Duration> = ContinuousClock()
    ) {
        let id = id ?? driver.id
        childSpec = Self.childSpec(id, into: mailbox, isolation) {
            let device = try await driver.open()
            return {
                var ticker = Ticker(every: period, on: Timeline(clock))
                while true {
                    try await ticker.next()
                    for measurement in try await driver.sample(device) {
                        try await mailbox.send(Reading(of: id, measurement))
                    }
                    Liveness.checkIn()
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
    ///   - isolation: where the driver runs.
    public init(
        _ driver: some EventDriver, id: String? = nil, into mailbox: Mailbox<Reading>, isolation: Isolation = .task
    ) {
        let id = id ?? driver.id
        childSpec = Self.childSpec(id, into: mailbox, isolation) {
            let device = try await driver.open()
            return {
                try await driver.run(device) { measurement in
                    try await mailbox.send(Reading(of: id, measurement))
                }
            }
        }
    }

    private static func childSpec(
        _ id: String, into mailbox: Mailbox<Reading>, _ isolation: Isolation, start: @escaping ChildSpec.Start
    ) -> ChildSpec {
        var spec = ChildSpec(id, backoff: backoff, isolation: isolation, start: start)
        spec.outlets = [CellOutlet(mailbox)]
        return spec
    }
}

extension Reading {
    fileprivate init(of sensor: String, _ measurement: Measurement) {
        self.init(sensor: sensor, quantity: measurement.quantity, value: measurement.value, at: measurement.time)
    }
}
