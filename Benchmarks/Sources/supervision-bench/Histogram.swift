import Synchronization

/// Counts of whole microseconds, by any thread, as the peer's `counters`.
final class Histogram: Sendable {
    /// The last one takes what is later: 50 ms.
    private static let buckets = 50_001

    /// Allocated, for an array cannot hold atomics. Sharing it is what it is for.
    private nonisolated(unsafe) let counts: UnsafeMutableBufferPointer<Atomic<Int>>

    init() {
        counts = .allocate(capacity: Self.buckets)
        for bucket in counts.indices { counts.initializeElement(at: bucket, to: Atomic(0)) }
    }

    deinit {
        counts.deinitialize()
        counts.deallocate()
    }

    func note(nanoseconds: Int64) {
        counts[max(0, min(Self.buckets - 1, Int(nanoseconds / 1000)))].wrappingAdd(1, ordering: .relaxed)
    }

    var count: Int { counts.indices.reduce(0) { $0 + counts[$1].load(ordering: .relaxed) } }

    /// The microseconds that a share of all does not exceed.
    func percentile(_ share: Double) -> Double {
        var left = Double(count) * share
        for bucket in counts.indices {
            left -= Double(counts[bucket].load(ordering: .relaxed))
            if left <= 0 { return Double(bucket + 1) }
        }
        return Double(Self.buckets)
    }
}
