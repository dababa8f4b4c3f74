import Foundation

@testable import fwtool

/// A card that keeps for certain only what was written before a flush, as cards with a cache do: of what came after it, a
/// power cut leaves all, nothing, or some writes and not others, in any order, and some of these in part.
///
/// QEMU's process is killed for a power cut, which loses nothing of what the board has written. So QEMU notes all writes
/// and flushes, and after a cut the card is made anew from its copy of before. Only for cards with virtio: on QEMU's SD
/// cards, as on most real ones, a write is done when the card says so.
struct CachedCard {
    /// What of the writes after the last flush is on the card after a power cut.
    enum Rest: CaseIterable {
        case all, nothing, some
    }

    private let card: URL
    /// The card as it was at power-on.
    private let before: URL
    /// Passed on to QEMU.
    let log: URL

    /// Called before each power-on.
    init(_ card: EmulatorCard, in folder: URL) throws { try self.init(card.file, in: folder) }

    init(_ card: URL, in folder: URL) throws {
        self.card = card
        before = folder.appendingPathComponent("card-before.img")
        log = folder.appendingPathComponent("card-writes.log")
        try Command("cp", ["--sparse=always", card.path, before.path], deadline: 600).run()
        try Data().write(to: log)
    }

    /// Takes from the card what a power cut would, after QEMU's end.
    ///
    /// - Returns: what happened to the card, in words.
    @discardableResult func loseCache(using random: inout some RandomNumberGenerator) throws -> String {
        let rest = Rest.allCases.randomElement(using: &random) ?? .some
        let reader = try FileHandle(forReadingFrom: log)
        defer { try? reader.close() }
        guard let notes = try WriteLog(reading: reader).notes else { return "its writes are not known to the last" }
        let certain = notes.lastIndex(where: \.isFlush) ?? -1
        let target = try FileHandle(forUpdating: before)
        defer { try? target.close() }
        var (kept, lost) = (0, 0)
        for (index, note) in notes.enumerated() where note.size > 0 {
            var size = note.size
            if index > certain {
                switch rest {
                case .all: break
                case .nothing: size = 0
                case .some:
                    switch Int.random(in: 0..<8, using: &random) {
                    case 0...2: break
                    case 3...5: size = 0
                    default:
                        let sectors = size / WriteLog.sectorSize
                        size = Int.random(in: 0...sectors, using: &random) * WriteLog.sectorSize
                    }
                }
                if size == note.size { kept += 1 } else { lost += 1 }
            }
            guard size > 0 else { continue }
            try reader.seek(toOffset: note.data)
            guard let bytes = try reader.read(upToCount: size), bytes.count == size else {
                throw FwtoolError("the log of writes cannot be read at \(note.data)")
            }
            try target.seek(toOffset: note.place)
            try target.write(contentsOf: bytes)
        }
        // The file has the name that everybody knows.
        guard rename(before.path, card.path) == 0 else { throw FwtoolError("the card cannot be put in place") }
        return "after the last flush \(kept) writes are kept and \(lost) lost"
    }
}

/// What QEMU's driver blklogwrites wrote, in the format of the kernel's dm-log-writes (drivers/md/dm-log-writes.c): a first
/// sector, then for each write a sector that tells of it and its data.
struct WriteLog {
    struct Note {
        /// On the card, in bytes.
        var place: UInt64
        /// In bytes.
        var size: Int
        /// Where in the log the data is.
        var data: UInt64
        var isFlush: Bool
    }

    static let sectorSize = 512
    /// In the order of their ends; nil when one in between is missing, because QEMU was killed while it wrote several at
    /// once.
    let notes: [Note]?

    init(reading file: FileHandle) throws {
        let end = try file.seekToEnd()
        var place = UInt64(Self.sectorSize)
        var notes: [Note] = []
        while place + UInt64(Self.sectorSize) <= end {
            try file.seek(toOffset: place)
            let head = [UInt8](try file.read(upToCount: 32) ?? Data())
            guard head.count == 32 else { break }
            func word(_ index: Int) -> UInt64 {
                (0..<8).reduce(0) { $0 | UInt64(head[index * 8 + $1]) << UInt64(8 * $1) }
            }
            let (sector, sectors, flags) = (word(0), word(1), word(2))
            // LOG_FLUSH_FLAG is 1. Discards do not come: QEMU ignores them unless it is told otherwise.
            let isFlush = flags == 1
            place += UInt64(Self.sectorSize)
            guard flags <= 1, isFlush || sectors > 0 else {
                self.notes = nil
                return
            }
            let size = sectors * UInt64(Self.sectorSize)
            // Killed while it wrote the last one.
            guard size <= end - place else { break }
            notes.append(Note(place: sector * UInt64(Self.sectorSize), size: Int(size), data: place, isFlush: isFlush))
            place += size
        }
        self.notes = notes
    }
}
