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
        /// Samples that were not taken because the one before took too long.
        public internal(set) var missed = 0
        /// Events such as edges that came and were not taken in time, at least.
        public internal(set) var lost = 0
        /// Starts and runs that ended with an error.
        public internal(set) var failures = 0
    }

    private struct State {
        var counts = Counts()
        /// Counts the losses of what is open now.
        var source: (any LossCounting)?
        /// Counts the runs: one that was abandoned may end after the next has begun.
        var run = 0
        /// The last of each quantity, in the order of their first.
        var latest: [Reading] = []
    }

    /// No chip measures as much; keeps a driver that makes up names from filling the memory.
    private static let quantityLimit = 64

    private let state = Lock(State())

    public var counts: Counts {
        state.withLock { state in
            var counts = state.counts
            // Under the lock: who let go of the device later than its sensor would keep it from being opened anew.
            counts.lost += Int(clamping: state.source?.lost ?? 0)
            return counts
        }
    }

    /// The last reading of each quantity, in the order in which these first came. Of a sensor in a cell, what left it.
    public var latest: [Reading] { state.withLock { $0.latest } }

    init() {}

    func count(_ result: Shaper.Result) {
        state.withLock { state in
            state.counts.measurements += 1
            switch result {
            case .passed: state.counts.readings += 1
            case .rejected, .failed: state.counts.rejected += 1
            case .heldBack: state.counts.heldBack += 1
            }
        }
    }

    func count(missed: Int) {
        if missed > 0 { state.withLock { $0.counts.missed += missed } }
    }

    /// Runs a part of the sensor's life, and counts its failure.
    func watch<Result>(_ body: () async throws -> Result) async throws -> Result {
        do {
            return try await body()
        } catch {
            if !(error is CancellationError) { state.withLock { $0.counts.failures += 1 } }
            throw error
        }
    }

    /// Counts what is lost by a device that counts it, while `body` runs.
    func countLosses<Result>(of device: any Sendable, while body: () async throws -> Result) async throws -> Result {
        guard let source = device as? any LossCounting else { return try await body() }
        let run = state.withLock { state in
            state.source = source
            state.run += 1
            return state.run
        }
        defer {
            let lost = Int(clamping: source.lost)
            state.withLock { state in
                if state.run == run { state.source = nil }
                state.counts.lost += lost
            }
        }
        return try await body()
    }

    /// Keeps a reading for those who ask for the last.
    func keep(_ reading: Reading) {
        state.withLock { state in
            if let index = state.latest.firstIndex(where: { $0.quantity == reading.quantity }) {
                state.latest[index] = reading
            } else if state.latest.count < Self.quantityLimit {
                state.latest.append(reading)
            }
        }
    }
}
