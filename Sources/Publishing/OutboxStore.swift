internal import Glibc
internal import Sensors
internal import Threads

/// The outbox's files. The only one that touches them; its thread is its own, because it waits for the disk.
///
/// In its folder lie `outbox.db` with SQLite's log, `sequence` (``SequenceFile``), and after damage `quarantine`, the last
/// damaged files. While they are searched, the folder is called `salvage`: a search that is cut off is done again.
actor OutboxStore {
    /// Why nothing can be read or stored now.
    struct Failure: Error, Hashable, CustomStringConvertible {
        let reason: String
        /// Whether what is stored can be read all the same.
        var isReadable = false

        var description: String { reason }
    }

    struct Limits: Sendable, Hashable {
        /// Bytes of the database; nil for a quarter of the file system, at most ``mostBytes``.
        var bytes: UInt64?
        /// The device's running time in seconds.
        var age: UInt64
        /// Whether the oldest makes room; otherwise the limits are only told.
        var dropsOldest = true

        /// A file of this size is checked within some seconds at the start, and holds five million readings.
        static let mostBytes: UInt64 = 64 << 20
        /// Room for some blocks.
        static let leastBytes: UInt64 = 64 << 10
    }

    struct Opened: Sendable {
        /// The number of the next reading.
        let next: UInt64
        /// Numbers below may be used.
        let ceiling: UInt64
        /// What is stored, or was settled before: everything up to this number.
        let settled: UInt64
        /// The oldest that is stored; nil when nothing is.
        let first: UInt64?
        /// Numbers of which nothing is known.
        let gap: OutboxGap?
        let state: OutboxState
        /// For the console, when damage was found.
        let report: String?
    }

    /// How it stands after a change.
    struct Summary: Sendable, Hashable {
        var first: UInt64?
        var last: UInt64 = 0
        /// Readings stored.
        var depth: UInt64 = 0
        /// Of the file, in use.
        var bytes: UInt64 = 0
        var limit: UInt64 = 0
        var deadLetters: UInt64 = 0
        var oldest: Reading?
        /// Readings that were dropped by this change.
        var dropped = Dropped()
        /// Numbers lost to damage of the files, since the process began.
        var damaged: UInt64 = 0

        var isFull: Bool { bytes >= limit }
    }

    /// Readings that made room.
    struct Dropped: Sendable, Hashable {
        var bySize: UInt64 = 0
        var byAge: UInt64 = 0

        var all: UInt64 { bySize + byAge }
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private nonisolated let executor: ThreadExecutor
    private let folder: String
    private let limits: Limits
    private let wallTime: @Sendable () -> Int64?
    private var database: OutboxDatabase? {
        willSet { if newValue !== database { damaged += database?.damaged ?? 0 } }
    }
    /// Numbers lost in databases that are closed again.
    private var damaged: UInt64 = 0
    private var sequence: SequenceFile?
    private var limit: UInt64 = 0
    /// When the database was opened: nanoseconds of `MonotonicClock`, and the running time then.
    private var start: (moment: Int64, runningTime: UInt64) = (0, 0)

    /// Numbers reserved at once, at least: a page of flash for each of them would be too much.
    static let leastStep: UInt64 = 64
    /// The most numbers reserved at once.
    static let mostReserved: UInt64 = 1 << 20

    /// - Parameters:
    ///   - folder: made when it is not there, with those above it.
    ///   - wallTime: the present in nanoseconds since 1970, for gaps; nil while it is not known.
    init(folder: String, limits: Limits, wallTime: @escaping @Sendable () -> Int64?) throws {
        self.folder = folder
        self.limits = limits
        self.wallTime = wallTime
        executor = try ThreadExecutor(name: "outbox")
    }

    private var path: String { "\(folder)/outbox.db" }
    private var salvage: String { "\(folder)/salvage" }
    private var quarantine: String { "\(folder)/quarantine" }

    static let othersFiles = "the outbox's files are those of another process"

    // MARK: - Opening

    /// Opens the files, repairs what must be, and reserves numbers.
    func open() throws(Failure) -> Opened {
        do throws(SQLiteError) {
            return try openAll()
        } catch {
            database = nil
            throw failure(error)
        }
    }

    private func openAll() throws(SQLiteError) -> Opened {
        try makeFolder()
        let record = try loadSequence()
        var known = record?.settled ?? 0
        var report = try openDatabase(settled: known, through: nil)
        guard let database else { throw SQLiteError(code: SQLite.unusable, message: "the outbox is closed") }

        // Acknowledged by all, or stored.
        var settled = max(known, database.last, database.state.cursors.values.min() ?? 0)
        // Acknowledged by all up to there: what is older can go. It stands in no order to what comes.
        if known > database.last {
            try database.transaction { (database) throws(SQLiteError) in try database.remove(through: known) }
        }
        let newest = max(settled, database.state.cursors.values.max() ?? 0)
        let next: UInt64
        if let record {
            // The copy that is left may be the older one.
            next = max(record.ceiling + (sequence?.isHalf == true ? Self.mostReserved : 0), newest + 1)
        } else if newest > 0 {
            // Only the file knew how many were used since; nobody uses that many.
            if report == nil { report = "the outbox has lost its file of numbers, and goes on far from those it had" }
            next = newest + 1 + (1 << 32) + .random(in: 0..<(1 << 40))
        } else {
            // The first start, or nothing is left of those before.
            next = .random(in: 1..<(1 << 52))
            settled = next - 1
            known = settled
        }
        let gap: OutboxGap? =
            next > settled + 1
            ? OutboxGap(
                first: settled + 1, last: next - 1, reason: report == nil ? .restart : .corrupt, wallTime: wallTime())
            : nil
        let ceiling = next + Self.leastStep
        try write(SequenceFile.Record(ceiling: ceiling, settled: known))
        limit = sizeLimit()
        start = (MonotonicClock.now, database.state.runningTime)
        return Opened(
            next: next, ceiling: ceiling, settled: settled, first: database.first, gap: gap, state: database.state,
            report: report)
    }

    /// Numbers for an outbox whose database cannot be opened: higher than all before, as far as that can be known.
    ///
    /// - Returns: the next number, and the first that is not reserved; all are where none can be.
    func numbers() -> (next: UInt64, ceiling: UInt64) {
        // Higher than what the first start of an outbox begins with.
        guard let record = sequence?.record else { return ((1 << 52) + .random(in: 0..<(1 << 51)), .max) }
        let next = record.ceiling + (sequence?.isHalf == true ? Self.mostReserved : 0)
        let ceiling = next + Self.leastStep
        do throws(SQLiteError) {
            // In place, so that a full disk does not matter.
            try write(SequenceFile.Record(ceiling: ceiling, settled: record.settled))
            return (next, ceiling)
        } catch {
            return (next + (1 << 32) + .random(in: 0..<(1 << 40)), .max)
        }
    }

    /// Opens them again after a failure, for an outbox that has gone on counting, unless they are still open.
    /// - Parameters:
    ///   - settled: everything up to this number is acknowledged by all.
    ///   - stored: what was stored when it failed.
    /// - Returns: nil, or what is to be reported.
    func reopen(settled: UInt64, stored: UInt64, next: UInt64) throws(Failure) -> String? {
        if let database {
            // What is in the log takes up room there is in the file, perhaps, and makes room in the log.
            database.checkpoint()
            return nil
        }
        do throws(SQLiteError) {
            try makeFolder()
            if sequence == nil { _ = try loadSequence() }
            let report = try openDatabase(settled: settled, through: stored)
            // Something else has used the files meanwhile: numbers went beyond those of this outbox.
            if let database, database.last >= next {
                self.database = nil
                throw SQLiteError(code: SQLite.unusable, message: Self.othersFiles)
            }
            limit = sizeLimit()
            start = (MonotonicClock.now, database?.state.runningTime ?? 0)
            return report
        } catch {
            database = nil
            throw failure(error)
        }
    }

    /// The clean end: the next start goes on with exactly this number.
    func close(next: UInt64, settled: UInt64) throws(Failure) {
        database = nil
        do throws(SQLiteError) {
            try write(SequenceFile.Record(ceiling: next, settled: settled))
        } catch {
            throw failure(error)
        }
    }

    private func makeFolder() throws(SQLiteError) {
        var end = folder.utf8.startIndex
        while end < folder.utf8.endIndex {
            end =
                folder.utf8[folder.utf8.index(after: end)...].firstIndex(of: UInt8(ascii: "/")) ?? folder.utf8.endIndex
            guard mkdir(String(folder[..<end]), 0o755) == 0 || errno == EEXIST else {
                throw SQLiteError(
                    code: SQLite.unusable, message: "cannot make \(folder): \(systemMessage(errno))")
            }
        }
    }

    private func loadSequence() throws(SQLiteError) -> SequenceFile.Record? {
        do throws(SequenceFile.Failure) {
            let file = try SequenceFile("\(folder)/sequence")
            sequence = file
            return file.record
        } catch {
            throw SQLiteError(code: SQLite.unusable, message: error.description)
        }
    }

    private func sizeLimit() -> UInt64 {
        if let bytes = limits.bytes { return max(bytes, Limits.leastBytes) }
        var status = statvfs()
        guard statvfs(folder, &status) == 0 else { return Limits.mostBytes / 4 }
        let total = UInt64(status.f_blocks).multipliedReportingOverflow(by: UInt64(status.f_frsize))
        return min(Limits.mostBytes, max(Limits.leastBytes, total.overflow ? .max : total.partialValue / 4))
    }

    private func failure(_ error: SQLiteError) -> Failure {
        Failure(reason: error.message, isReadable: database != nil)
    }

    // MARK: - Numbers

    /// Lets numbers up to a ceiling be used; when it returns, no start of the device gives them again.
    /// - Parameter settled: nil when nothing new is known of it.
    func reserve(ceiling: UInt64, settled: UInt64?) throws(Failure) {
        do throws(SQLiteError) {
            if sequence == nil { _ = try loadSequence() }
            let old = sequence?.record ?? SequenceFile.Record(ceiling: 0, settled: 0)
            try write(SequenceFile.Record(ceiling: max(ceiling, old.ceiling), settled: settled ?? old.settled))
        } catch {
            throw failure(error)
        }
    }

    private func write(_ record: SequenceFile.Record) throws(SQLiteError) {
        guard record != sequence?.record else { return }
        do throws(SequenceFile.Failure) {
            try sequence?.write(record)
        } catch {
            throw SQLiteError(code: error.code == ENOSPC ? SQLite.full : SQLite.unusable, message: error.description)
        }
    }

    // MARK: - Entries

    /// Stores entries that follow those stored, and removes what all have; in one transaction.
    ///
    /// The state is written when it is to be, and whenever something goes: it tells what went, should a search of a damaged
    /// file find it.
    /// - Parameters:
    ///   - settled: everything up to this number is acknowledged by all.
    ///   - state: as it is now; nil for that of the last time.
    ///   - isStateDue: whether it is to be written in any case.
    func commit(
        _ entries: ArraySlice<OutboxEntry>, settled: UInt64, state: OutboxState?, isStateDue: Bool = false,
        letters: [DeadLetter] = []
    ) throws(Failure) -> Summary {
        guard let database else { throw Failure(reason: "the outbox is closed") }
        do throws(SQLiteError) {
            var dropped = Dropped()
            let runningTime = runningTime
            // The file system grows after its first start.
            limit = sizeLimit()
            try database.transaction { (database) throws(SQLiteError) in
                let hasRemoved = try database.remove(through: settled)
                try database.insert(entries, runningTime: runningTime)
                for letter in letters {
                    try database.insert(letter, atMost: OutboxDatabase.mostDeadLetters(in: limit))
                }
                if limits.dropsOldest { dropped = try enforceLimits(database, runningTime) }
                // The first blocks, too: they make no sense without the boots.
                if isStateDue || hasRemoved || dropped.all > 0 || database.state == OutboxState() {
                    var state = state ?? database.state
                    state.runningTime = runningTime
                    state.dropped = database.state.dropped + dropped.all
                    state.floor = database.state.floor
                    try database.save(state)
                }
            }
            return try summary(database, dropped: dropped)
        } catch {
            // A disk that is full or has become read-only takes nothing more, and what is on it can still be read. After anything else, such as a failed flush,
            // nobody knows what is there: it is opened anew for the next attempt.
            let isAsItWas = error.isFull || error.isFailedWrite && isReadOnly
            if !isAsItWas || database.connection.isInTransaction { self.database = nil }
            throw failure(error)
        }
    }

    /// Whether the file system is, as the kernel makes it at an error. SQLite does not tell that from other errors.
    private var isReadOnly: Bool {
        let probe = "\(folder)/probe"
        let descriptor = Glibc.open(probe, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return errno == EROFS }
        Glibc.close(descriptor)
        unlink(probe)
        return false
    }

    /// - Returns: the readings that made room.
    private func enforceLimits(_ database: OutboxDatabase, _ runningTime: UInt64) throws(SQLiteError) -> Dropped {
        var dropped = Dropped()
        while try database.size() > limit {
            guard let count = try database.dropOldest(.full, wallTime: wallTime()) else { break }
            dropped.bySize += count
        }
        while let time = try database.oldestRunningTime(), runningTime > time, runningTime - time > limits.age {
            guard let count = try database.dropOldest(.age, wallTime: wallTime()) else { break }
            dropped.byAge += count
        }
        return dropped
    }

    private var runningTime: UInt64 {
        start.runningTime + UInt64(clamping: (MonotonicClock.now - start.moment) / 1_000_000_000)
    }

    private func summary(_ database: OutboxDatabase, dropped: Dropped = Dropped()) throws(SQLiteError) -> Summary {
        Summary(
            first: database.first, last: database.last, depth: database.depth, bytes: try database.size(), limit: limit,
            deadLetters: database.deadLetters, oldest: try database.oldestReading(), dropped: dropped,
            damaged: damaged + database.damaged)
    }

    func summary() throws(Failure) -> Summary {
        guard let database else { throw Failure(reason: "the outbox is closed") }
        do throws(SQLiteError) {
            return try summary(database)
        } catch {
            throw failure(error)
        }
    }

    /// Entries behind a number, the next some hundred. Where they are damaged, the file is salvaged first.
    ///
    /// - Parameters:
    ///   - settled: everything up to this number is acknowledged by all.
    ///   - stored: the newest number that is stored.
    /// - Returns: the entries, and what is to be reported.
    func entries(
        after number: UInt64, settled: UInt64, stored: UInt64
    ) throws(Failure) -> (entries: [OutboxEntry], report: String?) {
        do throws(SQLiteError) {
            do throws(SQLiteError) {
                return (try read(after: number, settled: settled, stored: stored), nil)
            } catch  where error.isDamage {
                let report = try openDatabase(settled: settled, through: stored, damage: error)
                return (try database?.entries(after: number, bytes: Self.portion) ?? [], report)
            }
        } catch {
            database = nil
            throw failure(error)
        }
    }

    /// By itself, so that nothing holds the database when its files are moved.
    private func read(after number: UInt64, settled: UInt64, stored: UInt64) throws(SQLiteError) -> [OutboxEntry] {
        guard let database else { throw SQLiteError(code: SQLite.unusable, message: "the outbox is closed") }
        if database.last < stored, stored > number, database.first != nil || settled < stored {
            throw SQLiteError(code: SQLite.corrupt, message: "blocks of the outbox are missing")
        }
        return try database.entries(after: number, bytes: Self.portion)
    }

    /// Bytes of blocks read at once: two or three of the largest, some hundred readings.
    private static let portion = 8 << 10

    func deadLetters(atMost limit: Int) -> [DeadLetter] {
        (try? database?.deadLetters(atMost: limit)) ?? []
    }

    // MARK: - Salvage

    /// Opens the database; when it is damaged, makes a new one of what is left of it.
    ///
    /// - Parameters:
    ///   - settled: nothing up to this number is of interest any more.
    ///   - stored: what must be there or be reported missing; nil for what can be known.
    ///   - damage: when it is known already.
    /// - Returns: what was found and done, when there was damage.
    private func openDatabase(
        settled: UInt64, through stored: UInt64?, damage: SQLiteError? = nil
    ) throws(SQLiteError) -> String? {
        database = nil
        var damage = damage
        // SQLite takes a damaged log for one that ends there. Read first: opening the database begins the log anew.
        var log = OutboxScan()
        var logged: [OutboxDatabase.Found] = []
        try log.file("\(path)-wal") { found in logged += found.filter { $0.header.kind == .readings } }
        let commits = OutboxLog("\(path)-wal")
        if damage == nil {
            do throws(SQLiteError) {
                let database = try OutboxDatabase(path)
                self.database = database
                // A whole log may hold older blocks, too; none that is newer than what the database has or all have.
                // What was never committed is no loss, and an outbox that goes on still has it.
                let newer = log.generation > database.stateGeneration ? log.state : nil
                let start = max(settled, (newer ?? database.state).cursors.values.min() ?? 0)
                let lost = logged.filter {
                    $0.header.last > max(database.last, start) && $0.header.first <= stored ?? .max
                }
                // What a power cut has left of a commit nobody was promised: what is missing between its blocks is no damage.
                // An outbox that goes on knows that all of it was stored.
                let isCutOff =
                    stored == nil
                    && commits.isOfOneCommit(lost.map(\.offset) + (newer == nil ? [] : [log.stateOffset]))
                if !lost.isEmpty || newer != nil {
                    try database.transaction { (database) throws(SQLiteError) in
                        if let newer { try database.save(newer, after: log.generation) }
                        try database.take(lost)
                        try database.close(
                            from: max(start, (database.first ?? 1) - 1), through: 0,
                            known: OutboxGap.disjoint(log.gaps), reason: isCutOff ? .restart : .corrupt,
                            wallTime: wallTime())
                    }
                }
                if (stored ?? 0) <= max(database.last, settled) {
                    if Folder.names(salvage).isEmpty {
                        return lost.isEmpty || isCutOff
                            ? nil : "the outbox's log was damaged: \(lost.count) blocks of readings are saved"
                    }
                } else {
                    damage = SQLiteError(code: SQLite.corrupt, message: "blocks are missing")
                }
            } catch  where error.isDamage {
                damage = error
            }
        }
        // Closed before its files are moved or opened again.
        database = nil
        if damage != nil { try moveToSalvage() }
        return try salvage(logged, settled: settled, through: stored, damage: damage)
    }

    private func moveToSalvage() throws(SQLiteError) {
        guard mkdir(salvage, 0o755) == 0 || errno == EEXIST else { throw Self.system("cannot make \(salvage)") }
        let number = Folder.names(salvage).count
        // The log first: a database without it is a database, a log without one would be thrown away.
        for suffix in ["-wal", ""] {
            guard rename("\(path)\(suffix)", "\(salvage)/\(number).db\(suffix)") == 0 || errno == ENOENT else {
                throw Self.system("cannot move \(path)\(suffix)")
            }
        }
        unlink("\(path)-shm")
        do throws(SequenceFile.Failure) {
            try Folder.flush(of: path)
            try Folder.flush(of: "\(salvage)/0.db")
        } catch {
            throw SQLiteError(code: SQLite.unusable, message: error.description)
        }
    }

    private func salvage(
        _ logged: [OutboxDatabase.Found], settled: UInt64, through stored: UInt64?, damage: SQLiteError?
    ) throws(SQLiteError) -> String? {
        let database = try OutboxDatabase(path)
        self.database = database
        var scan = OutboxScan()
        let files = Folder.names(salvage)
        // The state first: nothing that all have acknowledged is taken over, and it would be missed in the rows.
        for name in files { try scan.file("\(salvage)/\(name)") { _ in } }
        let state = database.state == OutboxState() ? scan.state ?? OutboxState() : database.state
        let start = max(settled, files.isEmpty ? 0 : state.cursors.values.min() ?? 0)
        for name in files {
            var blocks = OutboxScan()
            try blocks.file("\(salvage)/\(name)") { (found) throws(SQLiteError) in
                try database.transaction { (database) throws(SQLiteError) in
                    try database.save(state, after: scan.generation)
                    try database.take(found.filter { $0.header.kind == .dead || $0.header.last > start })
                }
            }
        }
        try database.transaction { (database) throws(SQLiteError) in
            try database.save(state, after: scan.generation)
            try database.take(logged.filter { $0.header.last > start })
            try database.close(
                from: start, through: stored ?? 0, known: OutboxGap.disjoint(scan.gaps), wallTime: wallTime())
        }
        Folder.remove(quarantine)
        rename(salvage, quarantine)
        return damage.map {
            "the outbox was damaged (\($0.message)): \(database.depth) readings of it are saved, the damaged files are in "
                + quarantine
        }
    }

    private static func system(_ what: String) -> SQLiteError {
        SQLiteError(code: SQLite.unusable, message: "\(what): \(systemMessage(errno))")
    }
}
