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

    /// What became of its measurements.
    public let statistics = SensorStatistics()

    /// A sensor that is sampled periodically, by absolute deadlines: it does not drift, and samples that a slow bus made
    /// impossible are skipped.
    ///
    /// With a driver that opens something on a thread of its own, such as a chip on a bus, the sensor runs on that thread
    /// (``ThreadBound``).
    ///
    /// Every sample that got through is a sign of life: a ``ChildSpec/liveness`` of some periods makes a bus that hangs
    /// the sensor's failure. Not of less than a second more than one period: the first sample waits for the chip's first
    /// measurement, for up to half a second.
    ///
    /// - Parameters:
    ///   - driver: what to sample.
    ///   - id: the sensor's id, unique on the device; nil for the driver's.
    ///   - period: the time between samples, at least 1 ms.
    ///   - phase: when in the period.
    ///   - shaping: what happens to measurements before they become readings.
    ///   - mailbox: where the readings go.
    ///   - isolation: where the driver runs.
    ///   - clock: the clock of the period.
    public init(
        _ driver: some PolledDriver, id: String? = nil, every period: Duration, phase: SamplingPhase = .atStart,
        shaping: Shaping = .none, into mailbox: Mailbox<Reading>, isolation: Isolation = .task,
        clock: any Clock<Duration> = ContinuousClock()
    ) {
        let id = id ?? driver.id
        // Of the sensor and not of its start, so that a restart does not change the phase.
        let timeline = Timeline(clock)
        childSpec = Self.childSpec(id, into: mailbox, isolation, statistics) { [statistics] in
            let device = try await statistics.watch { try await driver.open() }
            let thread = (device as? any ThreadBound)?.thread
            return {
                let stage = ShapingStage(id, shaping, on: timeline, counting: statistics)
                var ticker =
                    phase.offset(id: id, period: period).map { Ticker(every: period, on: timeline, phase: $0) }
                    ?? Ticker(every: period, on: timeline)
                try await withTaskExecutorPreference(thread) {
                    try await statistics.watch {
                        while true {
                            let tick = try await ticker.next()
                            statistics.count(missed: tick.missed)
                            for measurement in try await driver.sample(device) {
                                if let reading = try stage.reading(of: measurement) { try await mailbox.send(reading) }
                            }
                            Liveness.checkIn()
                        }
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
    ///   - shaping: what happens to measurements before they become readings.
    ///   - mailbox: where the readings go.
    ///   - isolation: where the driver runs.
    ///   - clock: the clock of what `shaping` does by time.
    public init(
        _ driver: some EventDriver, id: String? = nil, shaping: Shaping = .none, into mailbox: Mailbox<Reading>,
        isolation: Isolation = .task, clock: any Clock<Duration> = ContinuousClock()
    ) {
        let id = id ?? driver.id
        let timeline = Timeline(clock)
        childSpec = Self.childSpec(id, into: mailbox, isolation, statistics) { [statistics] in
            let device = try await statistics.watch { try await driver.open() }
            return {
                let stage = ShapingStage(id, shaping, on: timeline, counting: statistics)
                try await statistics.watch {
                    try await statistics.countLosses(of: device) {
                        try await driver.run(device) { measurement in
                            if let reading = try stage.reading(of: measurement) { try await mailbox.send(reading) }
                        }
                    }
                }
            }
        }
    }

    private static func childSpec(
        _ id: String, into mailbox: Mailbox<Reading>, _ isolation: Isolation, _ statistics: SensorStatistics,
        start: @escaping ChildSpec.Start
    ) -> ChildSpec {
        KnownSensors.add(id, statistics, isInCell: isolation != .task)
        var spec = ChildSpec(id, backoff: backoff, isolation: isolation, start: start)
        spec.outlets = [CellOutlet(mailbox) { KnownSensors.keep($0) }]
        return spec
    }
}
