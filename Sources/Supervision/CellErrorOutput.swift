/// What a cell writes to its standard error, in lines: for passing on, and the last ones for the report of a crash.
struct CellErrorOutput {
    /// The most bytes of a line; what is longer becomes several. A write of a few lines then never waits half-way.
    static let lineLimit = 1024
    /// The lines kept. A fatal error of Swift's is one or two, its stack trace follows.
    static let keptLines = 16

    private(set) var lines: [String] = []
    /// The last line that tells of a fatal error.
    private(set) var fatalError: String?
    private var rest: [UInt8] = []

    /// - Returns: the bytes of the lines that are complete now.
    mutating func append(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        var complete: [UInt8] = []
        for byte in bytes {
            if byte != UInt8(ascii: "\n") { rest.append(byte) }
            if byte == UInt8(ascii: "\n") || rest.count == Self.lineLimit { complete += endLine() }
        }
        return complete
    }

    /// - Returns: the bytes of a last line without an end.
    mutating func finish() -> [UInt8] {
        rest.isEmpty ? [] : endLine()
    }

    private mutating func endLine() -> [UInt8] {
        defer { rest.removeAll(keepingCapacity: true) }
        let line = String(decoding: rest, as: UTF8.self)
        if FatalError.mark(in: rest) != nil { fatalError = line }
        lines.append(line)
        if lines.count > Self.keptLines { lines.removeFirst() }
        return rest + [UInt8(ascii: "\n")]
    }
}
