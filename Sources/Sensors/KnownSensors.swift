internal import Threads

/// The sensors of this process by their ids, for those who show how they are.
package enum KnownSensors {
    private struct Entry: Sendable {
        weak var statistics: SensorStatistics?
        let isInCell: Bool
    }

    /// Emptied of what is gone whenever it has doubled.
    private struct Directory {
        var entries: [String: Entry] = [:]
        var limit = 64
    }

    private static let directory = Lock(Directory())

    /// - Parameter isInCell: its driver runs in a process of its own, which alone counts.
    static func add(_ id: String, _ statistics: SensorStatistics, isInCell: Bool) {
        directory.withLock { directory in
            if directory.entries.count >= directory.limit {
                directory.entries = directory.entries.filter { $0.value.statistics != nil }
                directory.limit = max(64, 2 * directory.entries.count)
            }
            // Of two with one id the later.
            directory.entries[id] = Entry(statistics: statistics, isInCell: isInCell)
        }
    }

    /// Takes note of a reading that came out of a cell.
    static func keep(_ reading: Reading) {
        self[reading.sensor]?.statistics.keep(reading)
    }

    package static subscript(id: String) -> (statistics: SensorStatistics, isInCell: Bool)? {
        let entry = directory.withLock { $0.entries[id] }
        guard let entry, let statistics = entry.statistics else { return nil }
        return (statistics, entry.isInCell)
    }

    /// The ids of all, sorted.
    package static var ids: [String] {
        directory.withLock { directory in
            directory.entries.filter { $0.value.statistics != nil }.map(\.key)
        }.sorted()
    }
}
