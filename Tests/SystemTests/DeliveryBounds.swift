/// What the outbox of a trial's device may hold (`OutboxOptions`); nil for what it allows itself.
struct DeliveryBounds: Sendable {
    /// Of the file with readings.
    var bytes: Int?
    /// Readings that are nowhere else.
    var memory: Int?

    /// The Recorder reaches the one in half a minute, the other in some seconds.
    static let small = DeliveryBounds(bytes: 96 << 10, memory: 300)

    /// What is provisioned for the Recorder (Tests/Firmware/Recorder).
    var settings: [(key: String, value: String)] {
        [("outbox.bytes", bytes), ("outbox.memory", memory)].compactMap { key, value in
            value.map { (key: key, value: "\($0)") }
        }
    }

    /// Readings that lie at least behind one that makes room in the file, all of them undelivered; nil where nothing
    /// should make room. It takes the worst of everything: of usual readings there are ten times as many.
    var leastInFile: Int64? {
        bytes.map { bytes in
            // The file is too large by a page when something makes room (OutboxStore.swift, `enforceLimits`). Four
            // pages hold no readings: SQLite's own table, the tables `state` and `dead`, the top of the blocks' tree.
            let leaves = bytes / Self.pageSize + 1 - 4
            // Rows are appended: two leaves, one behind the other, hold more than fits into one. The first two need
            // not, for rows are taken from them.
            let rows = (leaves - 2) / 2 * Self.leafSize - Self.largestRow - Self.mostGaps * Self.gapRow
            return Int64(max(0, rows / Self.readingRow))
        }
    }

    /// Readings that lie at least behind one that makes room in memory; nil where that is not judged. Those for which
    /// it makes room come a moment later, if the app does not end: up to 256 (Outbox.swift, `portion`).
    var leastInMemory: Int64? { memory.map { Int64(max(0, $0 - 256)) } }

    /// Bytes of a page, and what of them is left for rows and the list of these, which has two bytes for each (the
    /// SQLite file format, section 1.6).
    private static let pageSize = 4096
    private static let leafSize = 4088
    /// The block that made room (OutboxBlock.swift, `targetSize`), and 16 bytes for length, number, types and list.
    private static let largestRow = 3_516
    /// A block of one reading of the Recorder: 69 bytes for the block, 33 for the series' names, 21 for the reading,
    /// and these 16; rounded up. In company a reading takes less.
    private static let readingRow = 150
    /// A gap: 28 bytes for the block, 10 for its content, and these 16. So many are put together
    /// (OutboxDatabase.swift).
    private static let gapRow = 54
    private static let mostGaps = 64
}
