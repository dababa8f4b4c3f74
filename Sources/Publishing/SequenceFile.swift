internal import Checksum
internal import Glibc
internal import Supervision
internal import Threads

/// Which numbers may have been used: a file beside the database, small enough to be there when that is not.
///
/// Two copies, 4 KiB apart so that no sector and no page holds both, written in turn and flushed: a power cut spoils the
/// older one at most. Written over in place, so that a full disk does not matter.
struct SequenceFile {
    struct Record: Sendable, Hashable {
        /// Numbers below it may have been used, from it on none has.
        var ceiling: UInt64
        /// Everything up to this number was acknowledged by all, or came before this outbox.
        var settled: UInt64
    }

    struct Failure: Error, CustomStringConvertible {
        let path: String
        let code: Int32

        var description: String { "\(path): \(systemMessage(code))" }
    }

    let path: String
    private(set) var record: Record?
    /// Whether the other copy is damaged, which may have been the newer one.
    private(set) var isHalf = false
    private var generation: UInt64 = 0
    private var newerCopy = 1

    private static let distance = 4096
    private static let mark: UInt64 = 0x3153_5153_5550_4100

    /// Reads what is there; nothing valid is no error.
    init(_ path: String) throws(Failure) {
        self.path = path
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return }
            throw Failure(path: path, code: errno)
        }
        defer { close(descriptor) }
        for copy in 0..<2 {
            var bytes = [UInt8](repeating: 0, count: Self.recordSize)
            guard pread(descriptor, &bytes, bytes.count, copy * Self.distance) == bytes.count,
                let (record, generation) = Self.decode(bytes)
            else {
                isHalf = true
                continue
            }
            if self.record != nil, generation < self.generation { continue }
            (self.record, self.generation, newerCopy) = (record, generation, copy)
        }
    }

    /// Returns when the record would survive a power cut.
    mutating func write(_ record: Record) throws(Failure) {
        let isNew = access(path, F_OK) != 0
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure(path: path, code: errno) }
        defer { close(descriptor) }
        let copy = 1 - newerCopy
        let bytes = Self.encode(record, generation + 1)
        for target in isNew ? [0, 1] : [copy] {
            errno = EIO
            guard pwrite(descriptor, bytes, bytes.count, target * Self.distance) == bytes.count else {
                throw Failure(path: path, code: errno)
            }
        }
        guard fdatasync(descriptor) == 0 else { throw Failure(path: path, code: errno) }
        if isNew { try Folder.flush(of: path) }
        (self.record, generation, newerCopy, isHalf) = (record, generation + 1, copy, false)
    }

    // MARK: - Coding

    /// Mark, generation, ceiling, settled, CRC-32.
    private static let recordSize = 4 * 8 + 4

    private static func encode(_ record: Record, _ generation: UInt64) -> [UInt8] {
        var writer = ByteWriter()
        for value in [mark, generation, record.ceiling, record.settled] { writer.append(value) }
        writer.append(crc32(writer.bytes))
        return writer.bytes
    }

    private static func decode(_ bytes: [UInt8]) -> (Record, generation: UInt64)? {
        let checksum = crc32(bytes.prefix(recordSize - 4))
        var reader = ByteReader(bytes)
        guard let mark = try? reader.read(UInt64.self), let generation = try? reader.read(UInt64.self),
            let ceiling = try? reader.read(UInt64.self), let settled = try? reader.read(UInt64.self),
            let stored = try? reader.read(UInt32.self), mark == Self.mark, stored == checksum,
            ceiling < OutboxBlock.numberLimit, settled < OutboxBlock.numberLimit
        else { return nil }
        return (Record(ceiling: ceiling, settled: settled), generation)
    }
}

/// Folders, as far as the outbox needs them.
enum Folder {
    /// Makes names in the folder of a file survive a power cut.
    static func flush(of path: String) throws(SequenceFile.Failure) {
        let folder = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[..<$0]) } ?? "."
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SequenceFile.Failure(path: folder, code: errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw SequenceFile.Failure(path: folder, code: errno) }
    }

    /// The names in a folder; none where there is no such folder.
    static func names(_ path: String) -> [String] {
        guard let stream = opendir(path) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Removes a folder of files.
    static func remove(_ path: String) {
        for name in names(path) { unlink("\(path)/\(name)") }
        rmdir(path)
    }
}
