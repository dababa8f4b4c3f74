internal import Supervision
internal import Threads

/// Where the measurements of one start of a sensor become readings.
final class ShapingStage: Sendable {
    private let sensor: String
    private let timeline: Timeline
    private let statistics: SensorStatistics
    // An event driver may report from several tasks.
    private let shaper: Lock<Shaper>

    init(_ sensor: String, _ shaping: Shaping, on timeline: Timeline, counting statistics: SensorStatistics) {
        self.sensor = sensor
        self.timeline = timeline
        self.statistics = statistics
        shaper = Lock(Shaper(shaping))
    }

    /// - Returns: nil when there is none to be sent.
    /// - Throws: ``SensorError/implausible(sensor:quantity:value:times:)``.
    func reading(of measurement: Measurement) throws(SensorError) -> Reading? {
        let now = timeline.now
        let result = shaper.withLock { $0.shape(measurement, at: now) }
        statistics.count(result)
        switch result {
        case .passed(let measurement):
            let reading = Reading(
                sensor: sensor, quantity: measurement.quantity, value: measurement.value, at: measurement.time)
            statistics.keep(reading)
            return reading
        case .rejected, .heldBack: return nil
        case .failed(let quantity, let value, let times):
            throw .implausible(sensor: sensor, quantity: quantity.name, value: value, times: times)
        }
    }
}
