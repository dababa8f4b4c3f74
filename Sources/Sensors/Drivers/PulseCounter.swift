public import Hardware
internal import Supervision
internal import Threads

/// Counts the pulses of a line: a rain gauge's tips, the turns of an anemometer or a flow meter, an energy meter's flashes.
///
/// From time to time it reports how much the pulses since its start stand for, how fast they come, or both. The count
/// begins at 0 with every start of the sensor: a receiver takes a lower one than before for a start.
public struct PulseCounter: EventDriver {
    /// What pulses stand for.
    public struct Meaning: Sendable, Hashable {
        /// What all pulses together are, and how much of it one is.
        public let total: Quantity?
        public let perPulse: Double

        /// What pulses a second are, and how much of it one pulse a second is.
        public let rate: Quantity?
        public let perHertz: Double

        /// - Parameters:
        ///   - total: what all pulses together are; nil for no such measurement.
        ///   - perPulse: how much of it one pulse is.
        ///   - rate: what pulses a second are; nil for no such measurement.
        ///   - perHertz: how much of it one pulse a second is.
        public init(total: Quantity? = nil, perPulse: Double = 1, rate: Quantity? = nil, perHertz: Double = 1) {
            self.total = total
            self.perPulse = perPulse
            self.rate = rate
            self.perHertz = perHertz
        }

        /// The number of pulses, and pulses a second.
        public static let pulses = Meaning(total: .count, rate: .frequency)

        /// Rain, in metres.
        /// - Parameter perTip: what one tip of the bucket is; by the gauge's manual, often 0.2794e-3 m.
        public static func rain(perTip: Double) -> Meaning {
            Meaning(total: Quantity("rain", unit: "m"), perPulse: perTip)
        }

        /// Wind, in metres per second.
        /// - Parameter perHertz: the speed at one pulse a second, by the anemometer's manual; often 2.4 km/h, 0.667 m/s.
        public static func wind(perHertz: Double) -> Meaning {
            Meaning(rate: Quantity("wind-speed", unit: "m/s"), perHertz: perHertz)
        }

        /// A liquid, in cubic metres and cubic metres per second.
        /// - Parameter pulsesPerLitre: by the meter's manual, such as 450; above 0.
        public static func flow(pulsesPerLitre: Double) -> Meaning {
            Meaning(
                total: Quantity("volume", unit: "m3"), perPulse: 0.001 / pulsesPerLitre,
                rate: Quantity("flow", unit: "m3/s"), perHertz: 0.001 / pulsesPerLitre)
        }
    }

    public let id: String
    private let pin: GPIOPin
    private let edge: EdgeDetection
    private let bias: LineBias
    private let deadTime: Duration
    private let meaning: Meaning
    private let period: Duration
    private let clock: any Clock<Duration>

    /// - Parameters:
    ///   - pin: the line.
    ///   - meaning: what pulses stand for.
    ///   - period: how often it reports.
    ///   - edge: which edge is a pulse; `.falling` for a contact to ground.
    ///   - bias: the chip's own pull resistor.
    ///   - deadTime: a pulse that comes this soon after the one counted last is a bouncing contact and not counted. A reed
    ///     contact needs some milliseconds; zero counts every edge, also those the kernel had no room for.
    ///   - clock: the clock of `period`.
    public init(
        on pin: GPIOPin, _ meaning: Meaning = .pulses, every period: Duration = .seconds(10),
        edge: EdgeDetection = .falling, bias: LineBias = .pullUp, deadTime: Duration = .zero,
        clock: any Clock<Duration> = ContinuousClock()
    ) {
        id = "pulses-\(pin.name)"
        self.pin = pin
        self.meaning = meaning
        self.period = period
        self.edge = edge
        self.bias = bias
        self.deadTime = deadTime
        self.clock = clock
    }

    /// - Throws: what `InputLine` throws.
    public func open() throws -> InputLine {
        try pin.openInput(bias: bias, edges: edge)
    }

    /// Returns when the task is cancelled or somebody releases the line.
    /// - Throws: `GPIOError`.
    public func run(
        _ line: InputLine, report: @escaping @Sendable (Measurement) async throws -> Void
    ) async throws {
        let tally = PulseTally(deadTime: deadTime)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await line.events.handle { tally.add($0) }
            }
            group.addTask {
                let timeline = Timeline(clock)
                var ticker = Ticker(every: period, on: timeline, isImmediate: false)
                var last: (pulses: UInt64, moment: Duration) = (0, timeline.now)
                while true {
                    try await ticker.next()
                    let now: (pulses: UInt64, moment: Duration) = (tally.pulses, timeline.now)
                    let frequency = Double(now.pulses - last.pulses) / ((now.moment - last.moment) / .seconds(1))
                    if let total = meaning.total {
                        try await report(Measurement(total, .number(Double(now.pulses) * meaning.perPulse)))
                    }
                    if let rate = meaning.rate {
                        try await report(Measurement(rate, .number(frequency * meaning.perHertz)))
                    }
                    last = now
                }
            }
            // The first to end takes the other along.
            try await group.next()
            group.cancelAll()
        }
    }
}

/// The count, shared by who hears the pulses and who reports them.
private final class PulseTally: Sendable {
    private let count: Lock<PulseCount>

    init(deadTime: Duration) {
        count = Lock(PulseCount(deadTime: deadTime))
    }

    var pulses: UInt64 { count.withLock { $0.pulses } }

    func add(_ event: EdgeEvent) {
        count.withLock { $0.add(event) }
    }
}

/// How many pulses there were.
struct PulseCount {
    private let deadTime: UInt64
    private var lastSequence: UInt64 = 0
    private var lastCounted: UInt64?
    private(set) var pulses: UInt64 = 0

    init(deadTime: Duration) {
        let (seconds, attoseconds) = deadTime.components
        // Nobody bounces for an hour.
        self.deadTime = UInt64(min(max(seconds, 0), 3600)) * 1_000_000_000 + UInt64(max(attoseconds, 0) / 1_000_000_000)
    }

    mutating func add(_ event: EdgeEvent) {
        // Every edge has a number, also one that was lost because this program took them too slowly.
        let edges = event.lineSequence > lastSequence ? event.lineSequence - lastSequence : 1
        lastSequence = event.lineSequence
        guard deadTime > 0 else {
            pulses &+= edges
            return
        }
        // When those came that were lost nobody knows; they are taken for bounces.
        if let lastCounted, event.timestamp < lastCounted &+ deadTime { return }
        lastCounted = event.timestamp
        pulses &+= 1
    }
}
