internal import Glibc

/// Where SQLite's write-ahead log ends for SQLite, and which commits lie behind that: a power cut leaves parts of the last
/// one at most, because each is flushed before the next begins.
///
/// <https://sqlite.org/fileformat2.html>, section 4.
struct OutboxLog {
    private struct Frame {
        /// The same in all frames since the log was begun anew.
        let salt: UInt64
        let isCommit: Bool
    }

    private static let headerSize = 32
    private static let frameHeaderSize = 24
    private static let frameSize = frameHeaderSize + Int(OutboxDatabase.pageSize)
    /// In big-endian logs the last bit is set. It tells how checksums are computed; all else is big-endian.
    private static let magic: UInt32 = 0x377F_0682

    private var frames: [Frame] = []
    /// Frames up to the last commit that SQLite finds.
    private var committed = 0

    /// A log that cannot be read is an empty one.
    init(_ path: String) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: Self.frameSize)
        guard pread(descriptor, &bytes, Self.headerSize, 0) == Self.headerSize else { return }
        let salt = Self.word(bytes, 16) << 32 | Self.word(bytes, 20)
        let isBigEndian = Self.word(bytes, 0) & 1 != 0
        var sums: (UInt32, UInt32) = (0, 0)
        Self.add(bytes[..<24], isBigEndian, to: &sums)
        var isWhole =
            UInt32(Self.word(bytes, 0)) & ~1 == Self.magic && Self.sums(bytes, 24) == sums
            && Self.word(bytes, 8) == OutboxDatabase.pageSize
        while pread(descriptor, &bytes, Self.frameSize, Self.headerSize + frames.count * Self.frameSize)
            == Self.frameSize
        {
            // The size of the database after a commit; 0 in its other frames.
            let frame = Frame(
                salt: Self.word(bytes, 8) << 32 | Self.word(bytes, 12), isCommit: Self.word(bytes, 4) != 0)
            frames.append(frame)
            guard isWhole else { continue }
            Self.add(bytes[..<8], isBigEndian, to: &sums)
            Self.add(bytes[Self.frameHeaderSize...], isBigEndian, to: &sums)
            isWhole = frame.salt == salt && Self.sums(bytes, 16) == sums
            if isWhole, frame.isCommit { committed = frames.count }
        }
    }

    /// Whether what lies at some places of the log, and is not in the database, can be what a power cut has left of one
    /// commit: then no other one ended before it. Behind it may lie what an earlier cut has left, with the same salt.
    func isOfOneCommit(_ offsets: [Int]) -> Bool {
        let places = Set(offsets.map { ($0 - Self.headerSize) / Self.frameSize })
        let salts = Set(places.compactMap { frames.indices.contains($0) ? frames[$0].salt : nil })
        guard salts.count == 1, let salt = salts.first, let end = places.max(), end >= committed else { return false }
        return !frames[committed..<end].contains { $0.isCommit && $0.salt == salt }
    }

    private static func word(_ bytes: [UInt8], _ offset: Int) -> UInt64 {
        bytes[offset..<offset + 4].reduce(0) { $0 << 8 | UInt64($1) }
    }

    private static func sums(_ bytes: [UInt8], _ offset: Int) -> (UInt32, UInt32) {
        (UInt32(word(bytes, offset)), UInt32(word(bytes, offset + 4)))
    }

    /// Section 4.2.
    private static func add(_ bytes: ArraySlice<UInt8>, _ isBigEndian: Bool, to sums: inout (UInt32, UInt32)) {
        bytes.withUnsafeBytes { bytes in
            func word(_ offset: Int) -> UInt32 {
                let word = bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
                return isBigEndian ? UInt32(bigEndian: word) : UInt32(littleEndian: word)
            }
            for offset in stride(from: 0, to: bytes.count, by: 8) {
                sums.0 &+= word(offset) &+ sums.1
                sums.1 &+= word(offset + 4) &+ sums.0
            }
        }
    }
}
