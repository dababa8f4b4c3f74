internal import CSQLite
internal import Threads

/// What SQLite answered.
struct SQLiteError: Error, Hashable, CustomStringConvertible {
    /// The extended result code.
    let code: Int32
    let message: String

    /// Without the extension.
    var primaryCode: Int32 { code & 0xFF }

    /// Whether the file is damaged, and not only unreachable or in use.
    var isDamage: Bool {
        switch primaryCode {
        // ERROR: a statement of ours makes no sense to the schema.
        case SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_FORMAT, SQLITE_ERROR, SQLITE_MISMATCH, SQLITE_SCHEMA: true
        default: false
        }
    }

    /// Whether the disk was full, or took nothing for another reason; all is as it was.
    var isFull: Bool { primaryCode == SQLITE_FULL }
    var isFailedWrite: Bool { code == SQLITE_IOERR | 3 << 8 }

    var description: String { message }
}

/// A connection to a database. For one thread.
final class SQLite {
    fileprivate let handle: OpaquePointer
    private let deadline = Deadline()

    private final class Deadline {
        /// Of `MonotonicClock`, in nanoseconds.
        var moment = Int64.max
    }

    static let corrupt = SQLITE_CORRUPT
    static let full = SQLITE_FULL
    static let interrupted = SQLITE_INTERRUPT
    /// The file cannot be opened or used, for a reason of the system.
    static let unusable = SQLITE_CANTOPEN

    /// Milliseconds to wait for a lock that another process holds.
    private static let patience: Int32 = 1000

    /// Steps of SQLite's machine between two looks at the clock: well below a millisecond.
    private static let stepsPerLook: Int32 = 2000

    /// Opens the file, or creates it.
    init(_ path: String) throws(SQLiteError) {
        var handle: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
        let code = sqlite3_open_v2(path, &handle, flags, nil)
        guard let handle, code == SQLITE_OK else {
            let message = handle.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
            sqlite3_close_v2(handle)
            throw SQLiteError(code: code, message: message)
        }
        self.handle = handle
        sqlite3_busy_timeout(handle, Self.patience)
        // Unretained: the callback runs in calls that this object makes.
        let context = Unmanaged.passUnretained(deadline).toOpaque()
        sqlite3_progress_handler(
            handle, Self.stepsPerLook,
            { context in
                guard let context else { return 0 }
                return Unmanaged<Deadline>.fromOpaque(context).takeUnretainedValue().moment < MonotonicClock.now ? 1 : 0
            }, context)
    }

    deinit {
        // Waits for no statement: those that are left keep the connection until they end.
        sqlite3_close_v2(handle)
    }

    /// Interrupts what takes longer (SQLITE_INTERRUPT).
    func within<Result>(
        seconds: Int64, _ body: () throws(SQLiteError) -> Result
    ) throws(SQLiteError) -> Result {
        deadline.moment = MonotonicClock.now + seconds * 1_000_000_000
        defer { deadline.moment = .max }
        return try body()
    }

    /// Runs statements that answer nothing of interest.
    func execute(_ sql: String) throws(SQLiteError) {
        try check(sqlite3_exec(handle, sql, nil, nil, nil))
    }

    /// The first column of the first row.
    func number(_ sql: String) throws(SQLiteError) -> Int64? {
        let statement = try prepare(sql)
        return try statement.step() ? statement.number(0) : nil
    }

    func text(_ sql: String) throws(SQLiteError) -> String? {
        let statement = try prepare(sql)
        return try statement.step() ? statement.text(0) : nil
    }

    func prepare(_ sql: String) throws(SQLiteError) -> Statement {
        var statement: OpaquePointer?
        try check(sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil))
        guard let statement else { throw SQLiteError(code: SQLITE_ERROR, message: "the statement is empty") }
        return Statement(statement, self)
    }

    /// Whether a transaction has begun.
    var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

    fileprivate func check(_ code: Int32) throws(SQLiteError) {
        if code == SQLITE_OK { return }
        throw SQLiteError(code: code, message: String(cString: sqlite3_errmsg(handle)))
    }
}

extension SQLite {
    /// A prepared statement. Reset before each use and after its last row.
    final class Statement {
        private let handle: OpaquePointer
        private let connection: SQLite

        fileprivate init(_ handle: OpaquePointer, _ connection: SQLite) {
            self.handle = handle
            self.connection = connection
        }

        deinit {
            sqlite3_finalize(handle)
        }

        func bind(_ value: UInt64, at index: Int32) throws(SQLiteError) {
            try connection.check(sqlite3_bind_int64(handle, index, Int64(clamping: value)))
        }

        /// Runs it once with a blob as its second argument, which SQLite does not copy.
        func run(_ number: UInt64, _ bytes: [UInt8]) throws(SQLiteError) {
            defer { reset() }
            try bind(number, at: 1)
            let code = bytes.withUnsafeBytes { buffer in
                // Nil: the memory outlives the step.
                let code = sqlite3_bind_blob(handle, 2, buffer.baseAddress, Int32(clamping: buffer.count), nil)
                return code == SQLITE_OK ? sqlite3_step(handle) : code
            }
            // Row: a statement that returns some, of which none is of interest.
            if code != SQLITE_DONE && code != SQLITE_ROW { try connection.check(code) }
        }

        /// Runs it once.
        func run() throws(SQLiteError) {
            defer { reset() }
            while try step() {}
        }

        /// - Returns: whether there is a row.
        func step() throws(SQLiteError) -> Bool {
            switch sqlite3_step(handle) {
            case SQLITE_ROW: return true
            case SQLITE_DONE: return false
            case let code:
                try connection.check(code)
                return false
            }
        }

        func reset() {
            sqlite3_reset(handle)
            sqlite3_clear_bindings(handle)
        }

        func number(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

        func text(_ column: Int32) -> String? { sqlite3_column_text(handle, column).map { String(cString: $0) } }

        /// Valid until the next step.
        func blob(_ column: Int32) -> UnsafeRawBufferPointer {
            let start = sqlite3_column_blob(handle, column)
            return UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column)))
        }
    }
}
