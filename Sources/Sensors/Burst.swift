internal import Supervision

/// Several samples of a driver for each one that is asked for, put together into one: a driver around a driver.
///
/// ```swift
/// Sensor(Burst(of: 5, every: .milliseconds(20), .median, ADS1115(on: bus)), every: .seconds(10), into: mailbox)
/// ```
public struct Burst<Driver: PolledDriver>: PolledDriver {
    /// How numbers are put together. Truth values are taken from the last sample.
    public enum Summary: Sendable, Hashable {
        case mean
        case median
        case minimum
        case maximum
    }

    private let driver: Driver
    private let count: Int
    private let interval: Duration
    private let summary: Summary
    private let clock: any Clock<Duration>

    public var id: String { driver.id }

    /// - Parameters:
    ///   - count: how many samples, 1 to ``Shaping/Step/maximumCount``; cut to that.
    ///   - interval: the pause between two of them.
    ///   - summary: what to make of them.
    ///   - driver: what to sample.
    ///   - clock: the clock of the pauses.
    public init(
        of count: Int, every interval: Duration = .zero, _ summary: Summary, _ driver: Driver,
        clock: any Clock<Duration> = ContinuousClock()
    ) {
        self.driver = driver
        self.count = min(max(count, 1), Shaping.Step.maximumCount)
        self.interval = interval
        self.summary = summary
        self.clock = clock
    }

    public func open() async throws -> Driver.Device {
        try await driver.open()
    }

    /// A quantity that only some samples have is put together of these.
    public func sample(_ device: Driver.Device) async throws -> [Measurement] {
        let timeline = Timeline(clock)
        var last: [Measurement] = []
        var numbers: [[Double]] = []
        for round in 0..<count {
            if round > 0, interval > .zero { try await timeline.sleep(until: timeline.now + interval) }
            for measurement in try await driver.sample(device) {
                let index = last.firstIndex { $0.quantity == measurement.quantity } ?? last.count
                if index == last.count {
                    last.append(measurement)
                    numbers.append([])
                }
                last[index] = measurement
                if case .number(let number) = measurement.value { numbers[index].append(number) }
            }
        }
        return zip(last, numbers).map { measurement, numbers in
            guard !numbers.isEmpty else { return measurement }
            return Measurement(measurement.quantity, .number(summarize(numbers)), at: measurement.time)
        }
    }

    private func summarize(_ numbers: [Double]) -> Double {
        var window = ValueWindow(capacity: numbers.count)
        switch summary {
        case .mean:
            for number in numbers { window.append(number) }
            return window.mean
        case .median:
            for number in numbers { window.append(number) }
            return window.median
        // Not a number would hide among the others.
        case .minimum: return numbers.reduce(.infinity) { $0.isNaN || $1.isNaN ? .nan : min($0, $1) }
        case .maximum: return numbers.reduce(-.infinity) { $0.isNaN || $1.isNaN ? .nan : max($0, $1) }
        }
    }
}
