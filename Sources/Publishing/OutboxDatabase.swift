internal import Sensors

/// The outbox's database, open. Blocks of entries in the order of their numbers, without holes, and little else.
///
/// Locking mode EXCLUSIVE: another process is refused, and the index of the write-ahead log lies in memory instead of in
/// a third file.
final class OutboxDatabase {
    /// A block that a salvage found.
    struct Found {
        let header: OutboxBlock.Header
        let bytes: [UInt8]
        /// Where in the file.
        let offset: Int
    }

    struct Row: Hashable {
        let first: UInt64
        let last: UInt64
        let isGap: Bool
    }

    /// Bytes of a page: the size of the file system's blocks and of most flash's smallest writes.
    static let pageSize: UInt64 = 4096

    let connection: SQLite
    private let insertBlock: SQLite.Statement
    private let deleteBelow: SQLite.Statement
    private let deleteAll: SQLite.Statement
    private let deleteOne: SQLite.Statement
    private let selectFrom: SQLite.Statement
    private let oldest: SQLite.Statement
    private let insertState: SQLite.Statement
    private let insertDead: SQLite.Statement
    private let begin: SQLite.Statement
    private let commit: SQLite.Statement
    private let pages: SQLite.Statement
    private let freePages: SQLite.Statement

    private(set) var state = OutboxState()
    private(set) var stateGeneration: UInt64 = 0

    /// The oldest and the newest number in the database; nil when it is empty.
    private(set) var first: UInt64?
    private(set) var last: UInt64 = 0
    /// Readings in it.
    private(set) var depth: UInt64 = 0
    private(set) var deadLetters: UInt64 = 0
    /// Numbers that ``close(from:through:known:wallTime:)`` had to report as damaged.
    private(set) var damaged: UInt64 = 0

    /// What is known of the oldest readings, so that not every commit looks for it: nothing new comes before them.
    private struct Front {
        var runningTime: UInt64?
        var reading: Reading?
    }

    private var front = Front()

    private static let schemaVersion: Int64 = 1

    /// Seconds the check of the file at the start may take; what it would have found later shows in the blocks.
    private static let checkTime: Int64 = 20
    private static let statementTime: Int64 = 30

    /// Dead letters kept; each is a block of one reading, less than a kilobyte.
    static let mostDeadLetters: UInt64 = 1000

    /// Dead letters kept where the database may have so many bytes: they take no more than an eighth of them.
    static func mostDeadLetters(in limit: UInt64) -> UInt64 { min(mostDeadLetters, max(1, limit / 8 / 1024)) }

    /// Opens the file, or creates it.
    /// - Throws: ``SQLiteError``; a damaged file is told by ``SQLiteError/isDamage``.
    init(_ path: String) throws(SQLiteError) {
        connection = try SQLite(path)
        // Pages of SQLite's cache in KiB: what a commit and the rows around it need.
        try connection.execute(
            """
            PRAGMA locking_mode=EXCLUSIVE; PRAGMA page_size=\(Self.pageSize); PRAGMA cache_size=-256;
            PRAGMA temp_store=MEMORY; PRAGMA mmap_size=0;
            """)
        guard try connection.text("PRAGMA journal_mode=WAL") == "wal" else {
            throw SQLiteError(code: SQLite.unusable, message: "the file system does not allow a write-ahead log")
        }
        // 1 MiB of log, then its pages go into the database: many commits, and little to scan after a power cut.
        try connection.execute(
            "PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=256; PRAGMA journal_size_limit=4194304;")
        let version = try connection.number("PRAGMA user_version")
        if version == 0, try connection.number("SELECT count(*) FROM sqlite_master") == 0 {
            try connection.execute(
                """
                BEGIN IMMEDIATE;
                CREATE TABLE blocks(first INTEGER PRIMARY KEY, body BLOB NOT NULL);
                CREATE TABLE state(id INTEGER PRIMARY KEY, body BLOB NOT NULL);
                CREATE TABLE dead(number INTEGER PRIMARY KEY, body BLOB NOT NULL);
                PRAGMA user_version=\(Self.schemaVersion);
                COMMIT;
                """)
        } else if version != Self.schemaVersion {
            throw Self.damage("it is not an outbox of this version")
        }
        insertBlock = try connection.prepare(
            """
            INSERT INTO blocks VALUES(?1, ?2) ON CONFLICT(first) DO UPDATE SET body = excluded.body
            WHERE length(excluded.body) > length(body)
            """)
        deleteBelow = try connection.prepare("DELETE FROM blocks WHERE first < ?1")
        deleteAll = try connection.prepare("DELETE FROM blocks")
        deleteOne = try connection.prepare("DELETE FROM blocks WHERE first = ?1")
        selectFrom = try connection.prepare(
            """
            SELECT first, body FROM blocks
            WHERE first >= coalesce((SELECT max(first) FROM blocks WHERE first <= ?1), 0) ORDER BY first
            """)
        oldest = try connection.prepare("SELECT first, body FROM blocks ORDER BY first")
        insertState = try connection.prepare("INSERT OR REPLACE INTO state VALUES(?1, ?2)")
        insertDead = try connection.prepare("INSERT OR REPLACE INTO dead VALUES(?1, ?2)")
        begin = try connection.prepare("BEGIN IMMEDIATE")
        commit = try connection.prepare("COMMIT")
        pages = try connection.prepare("PRAGMA page_count")
        freePages = try connection.prepare("PRAGMA freelist_count")
        try check()
        try load()
    }

    /// SQLite's own look at the structure of the file.
    private func check() throws(SQLiteError) {
        let finding: String?
        do throws(SQLiteError) {
            finding = try connection.within(seconds: Self.checkTime) { () throws(SQLiteError) in
                try connection.text("PRAGMA quick_check(1)")
            }
        } catch  where error.primaryCode == SQLite.interrupted {
            return
        }
        if let finding, finding != "ok" { throw Self.damage(finding) }
    }

    private static func damage(_ message: String) -> SQLiteError { SQLiteError(code: SQLite.corrupt, message: message) }

    /// Reads the state and the blocks.
    private func load() throws(SQLiteError) {
        let select = try connection.prepare("SELECT id, body FROM state")
        var isState = false
        while try select.step() {
            guard select.number(0) == 1, let header = OutboxBlock.header(select.blob(1)),
                let state = try? OutboxState(select.blob(1))
            else { throw Self.damage("the state of the outbox is damaged") }
            (self.state, stateGeneration, isState) = (state, header.first, true)
        }
        if !isState, try connection.number("SELECT count(*) FROM blocks") != 0 {
            throw Self.damage("the state of the outbox is missing")
        }
        try measure()
        deadLetters = UInt64(clamping: try connection.number("SELECT count(*) FROM dead") ?? 0)
    }

    /// Sees the rows through, and that they follow each other without holes.
    private func measure() throws(SQLiteError) {
        (first, last, depth) = (nil, 0, 0)
        try eachRow { (row) throws(SQLiteError) in
            guard first == nil || row.first <= last + 1 else { throw Self.damage("blocks are missing") }
            if first == nil { first = row.first }
            let start = max(row.first, last + 1)
            if !row.isGap, row.last >= start { depth += row.last - start + 1 }
            last = max(last, row.last)
        }
    }

    /// All of them, each proved: a number that one of them lied about would spoil all that follow.
    private func eachRow(_ body: (Row) throws(SQLiteError) -> Void) throws(SQLiteError) {
        defer { oldest.reset() }
        while try oldest.step() {
            let header = OutboxBlock.header(oldest.blob(1))
            guard let header, header.first == UInt64(bitPattern: oldest.number(0)),
                header.length == oldest.blob(1).count, header.kind == .readings || header.kind == .gap
            else { throw Self.damage("a block is not in its place") }
            try body(Row(first: header.first, last: header.last, isGap: header.kind == .gap))
        }
    }

    /// Brings what is in the log into the file, as far as that can be done now.
    func checkpoint() {
        try? connection.execute("PRAGMA wal_checkpoint")
    }

    /// Bytes of the file in use.
    func size() throws(SQLiteError) -> UInt64 {
        func value(_ statement: SQLite.Statement) throws(SQLiteError) -> UInt64 {
            defer { statement.reset() }
            return try statement.step() ? UInt64(clamping: statement.number(0)) : 0
        }
        let (all, free) = (try value(pages), try value(freePages))
        return (all - min(all, free)) * Self.pageSize
    }

    // MARK: - Writing

    /// All of it or nothing, and when it returns it would survive a power cut.
    /// - Parameter body: is given this database.
    func transaction(_ body: (OutboxDatabase) throws(SQLiteError) -> Void) throws(SQLiteError) {
        let before = (first, last, depth, deadLetters, damaged, state, stateGeneration)
        do throws(SQLiteError) {
            try connection.within(seconds: Self.statementTime) { () throws(SQLiteError) in
                try begin.run()
                try body(self)
                try commit.run()
            }
        } catch {
            front = Front()
            // Some errors have rolled it back already.
            if connection.isInTransaction { try? connection.execute("ROLLBACK") }
            (first, last, depth, deadLetters, damaged, state, stateGeneration) = before
            throw error
        }
    }

    /// Within a transaction.
    func insert(_ entries: some Sequence<OutboxEntry>, runningTime: UInt64) throws(SQLiteError) {
        for block in OutboxBlock.blocks(entries, runningTime: runningTime) {
            guard let header = block.withUnsafeBytes({ OutboxBlock.uncheckedHeader($0) }) else { continue }
            try insertBlock.run(header.first, block)
            if first == nil { first = header.first }
            last = max(last, header.last)
            if header.kind == .readings { depth += header.count }
        }
    }

    /// Within a transaction.
    /// - Parameter generation: of a state found elsewhere, which this one is newer than.
    func save(_ state: OutboxState, after generation: UInt64 = 0) throws(SQLiteError) {
        stateGeneration = max(stateGeneration, generation) + 1
        try insertState.run(1, state.block(generation: stateGeneration))
        self.state = state
    }

    /// Removes the blocks that lie up to that number entirely. Within a transaction.
    /// - Returns: whether there were any.
    @discardableResult
    func remove(through number: UInt64) throws(SQLiteError) -> Bool {
        guard let first, number >= first else { return false }
        if number >= last {
            try deleteAll.run()
            (self.first, depth, front) = (nil, 0, Front())
            return true
        }
        // The block with the next number stays.
        selectFrom.reset()
        try selectFrom.bind(number + 1, at: 1)
        let kept = try selectFrom.step() ? UInt64(clamping: selectFrom.number(0)) : 0
        selectFrom.reset()
        guard kept > first else { return false }
        while try removePortion(below: kept) {}
        self.first = kept
        return true
    }

    /// A few rows, which SQLite's cache still holds when they are deleted. (What tells the rows it deletes, RETURNING, keeps
    /// each page in memory until it is done.)
    /// - Returns: whether there may be more.
    private func removePortion(below end: UInt64) throws(SQLiteError) -> Bool {
        var count = 0
        var last: UInt64 = 0
        do {
            defer { oldest.reset() }
            while count < Self.portion, try oldest.step() {
                let number = UInt64(clamping: oldest.number(0))
                guard number < end else { break }
                forget(OutboxBlock.uncheckedHeader(oldest.blob(1)))
                (count, last) = (count + 1, number)
            }
        }
        guard count > 0 else { return false }
        try deleteBelow.bind(last + 1, at: 1)
        try deleteBelow.run()
        return count == Self.portion
    }

    /// Rows removed at once: half of SQLite's cache.
    private static let portion = 32

    /// Drops the oldest block of readings and leaves a gap in its place. Within a transaction, at whose end the state is
    /// saved.
    /// - Returns: how many readings it held; nil when there is none but the newest.
    func dropOldest(_ reason: OutboxGap.Reason, wallTime: Int64?) throws(SQLiteError) -> UInt64? {
        var gaps: [OutboxGap] = []
        var victim: OutboxBlock.Header?
        do {
            defer { oldest.reset() }
            while victim == nil, try oldest.step() {
                if let gap = try? OutboxBlock.gap(oldest.blob(1)) {
                    gaps.append(gap)
                } else {
                    victim = OutboxBlock.uncheckedHeader(oldest.blob(1))
                }
            }
        }
        guard let victim, victim.last < last else { return nil }
        try deleteOne.bind(victim.first, at: 1)
        try deleteOne.run()
        forget(victim)
        var gap = OutboxGap(first: victim.first, last: victim.last, reason: reason, wallTime: wallTime)
        var replaced: [OutboxGap] = []
        if gaps.count >= Self.mostGaps {
            // Gaps of different reasons in turn: nothing but them would be left some day.
            gap.reason = .several
            replaced = gaps
        } else if let previous = gaps.last, previous.reason == reason, previous.last + 1 == gap.first {
            replaced = [previous]
        }
        for old in replaced {
            try deleteOne.bind(old.first, at: 1)
            try deleteOne.run()
            gap.first = min(gap.first, old.first)
        }
        try insertBlock.run(gap.first, OutboxBlock.block(gap))
        state.floor = max(state.floor, victim.last)
        return victim.count
    }

    /// Gaps at the front before they are put together.
    private static let mostGaps = 64

    /// The running time at which the oldest readings were stored.
    func oldestRunningTime() throws(SQLiteError) -> UInt64? {
        if let time = front.runningTime { return time }
        defer { oldest.reset() }
        while try oldest.step() {
            guard OutboxBlock.uncheckedHeader(oldest.blob(1))?.kind == .readings else { continue }
            front.runningTime = OutboxBlock.runningTime(oldest.blob(1))
            return front.runningTime
        }
        return nil
    }

    /// Of the readings stored.
    func oldestReading() throws(SQLiteError) -> Reading? {
        if let reading = front.reading { return reading }
        defer { oldest.reset() }
        while front.reading == nil, try oldest.step() {
            front.reading = (try? OutboxBlock.readings(oldest.blob(1), limit: 1))?.first
        }
        return front.reading
    }

    /// Within a transaction. The oldest make room.
    func insert(_ letter: DeadLetter, atMost most: UInt64) throws(SQLiteError) {
        try insertDead.run(letter.reading.sequence, letter.block)
        deadLetters = UInt64(clamping: try connection.number("SELECT count(*) FROM dead") ?? 0)
        while deadLetters > most {
            try connection.execute("DELETE FROM dead WHERE number = (SELECT min(number) FROM dead)")
            deadLetters -= 1
        }
    }

    private func forget(_ header: OutboxBlock.Header?) {
        front = Front()
        guard let header, header.kind == .readings else { return }
        depth -= min(depth, header.count)
    }

    // MARK: - Reading

    /// The entries behind a number, a few blocks of them.
    /// - Throws: ``SQLiteError/isDamage`` also when entries are missing or damaged that should be there.
    func entries(after number: UInt64, bytes limit: Int) throws(SQLiteError) -> [OutboxEntry] {
        guard last > number else { return [] }
        try selectFrom.bind(number + 1, at: 1)
        defer { selectFrom.reset() }
        var entries: [OutboxEntry] = []
        var next = number + 1
        var bytes = 0
        while bytes < limit, try selectFrom.step() {
            let blob = selectFrom.blob(1)
            bytes += blob.count
            guard let found = try? OutboxBlock.entries(blob), let start = found.first?.first, let end = found.last?.last
            else { throw Self.damage("a block of the outbox is damaged") }
            guard start <= next else { throw Self.damage("blocks of the outbox are missing") }
            for entry in found {
                guard let entry = entry.after(next - 1) else { continue }
                entries.append(entry)
            }
            next = max(next, end + 1)
        }
        if entries.isEmpty { throw Self.damage("blocks of the outbox are missing") }
        return entries
    }

    func deadLetters(atMost limit: Int) throws(SQLiteError) -> [DeadLetter] {
        let select = try connection.prepare("SELECT body FROM dead ORDER BY number DESC")
        var letters: [DeadLetter] = []
        while letters.count < limit, try select.step() {
            if let letter = try? DeadLetter(select.blob(0)) { letters.append(letter) }
        }
        return letters
    }

    // MARK: - Salvage

    /// Takes in blocks found elsewhere, a part of them. Within a transaction.
    func take(_ found: [Found]) throws(SQLiteError) {
        front = Front()
        for block in found {
            switch block.header.kind {
            case .readings: try insertBlock.run(block.header.first, block.bytes)
            case .dead: try insertDead.run(block.header.first, block.bytes)
            case .gap, .state: break
            }
        }
    }

    /// Puts gaps where numbers are missing, up to one. Within a transaction, after all has been taken in.
    ///
    /// A gap stays one: readings that are found where one was, or where all had been dropped, came from a part of the file
    /// that was out of date.
    ///
    /// - Parameters:
    ///   - settled: nothing up to this number is of interest any more.
    ///   - known: gaps found, disjoint.
    ///   - reason: of what neither they explain nor that readings made room.
    func close(
        from settled: UInt64, through end: UInt64, known: [OutboxGap], reason: OutboxGap.Reason = .corrupt,
        wallTime: Int64?
    ) throws(SQLiteError) {
        var previous = settled
        var end = end
        var isFirst = settled == 0
        var surplus: [UInt64] = []
        var missing: [(UInt64, UInt64)] = []
        var index = 0
        try eachRow { (row) throws(SQLiteError) in
            if isFirst { previous = max(row.first, 1) - 1 }
            isFirst = false
            while index < known.count, known[index].last < row.first { index += 1 }
            // Gaps that were there before: they count as any row.
            if row.last <= previous || !row.isGap && (row.last <= state.floor || Self.covers(row, known[index...])) {
                surplus.append(row.first)
                end = max(end, row.last)
                return
            }
            if row.first > previous + 1 { missing.append((previous + 1, row.first - 1)) }
            previous = row.last
        }
        if !isFirst, end > previous { missing.append((previous + 1, end)) }
        for first in surplus {
            try deleteOne.bind(first, at: 1)
            try deleteOne.run()
        }
        for (first, last) in missing {
            var next = first
            while next <= last {
                let gap = known.first { $0.last >= next && $0.first <= last }
                if var gap, gap.first <= next {
                    (gap.first, gap.last) = (next, min(gap.last, last))
                    try insertBlock.run(next, OutboxBlock.block(gap))
                    next = gap.last + 1
                } else {
                    // What made room is no loss, though its gap is lost.
                    let isDropped = next <= state.floor
                    let end = min(gap.map { $0.first - 1 } ?? last, isDropped ? state.floor : .max)
                    let hole = OutboxGap(
                        first: next, last: end, reason: isDropped ? .full : reason, wallTime: wallTime)
                    if hole.reason == .corrupt { damaged += hole.count }
                    try insertBlock.run(next, OutboxBlock.block(hole))
                    next = end + 1
                }
            }
        }
        try measure()
    }

    /// - Parameter gaps: the first one that ends in the row, and those behind it.
    private static func covers(_ row: Row, _ gaps: ArraySlice<OutboxGap>) -> Bool {
        var next = row.first
        for gap in gaps {
            guard gap.first <= next else { return false }
            if gap.last >= row.last { return true }
            next = gap.last + 1
        }
        return false
    }
}
