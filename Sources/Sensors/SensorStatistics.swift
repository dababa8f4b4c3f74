internal import Threads

/// What became of a sensor's measurements, over all its starts in this process. A sensor in a cell counts there.
public final class SensorStatistics: Sendable {
    public struct Counts: Sendable, Hashable {
        /// What the driver said.
        public internal(set) var measurements = 0
        /// What became readings.
        public internal(set) var readings = 0
        /// What could not be (``Shaping/Step/limits(_:tolerating:of:)``).
        public internal(set) var rejected = 0
        /// What was hardly new (``Shaping/Step/onChange(by:atLeastEvery:of:)``).
        public internal(set) var heldBack = 0
    }

    private let state = Lock(Counts())

    public var counts: Counts { state.withLock { $0 } }

    init() {}

    func count(_ result: Shaper.Result) {
        state.withLock { counts in
            counts.measurements += 1
            switch result {
            case .passed: counts.readings += 1
            case .rejected, .failed: counts.rejected += 1
            case .heldBack: counts.heldBack += 1
            }
        }
    }
}
