import BootState
import Card
import Foundation
import Testing

@testable import fwtool

/// What tests look at and change on a card, from outside.
extension EmulatorCard {
    /// The state the boot script would go by; nil when neither copy is valid.
    func bootState() throws -> BootState? {
        let copies = try BootState.copyOffsets.map { try read(at: Int64($0), count: BootState.blockSize) }
        return BootState.choose(copies[0], copies[1])?.state
    }

    func slotHeader(of slot: Slot) throws -> SlotHeader {
        try SlotHeader(decoding: try read(at: place(of: slot).lowerBound, count: SlotHeader.blockSize))
    }

    /// The bytes of a slot.
    func place(of slot: Slot) -> Range<Int64> { partitions[slot == .a ? 1 : 2] }

    /// Takes the directory away that tells an update what a slot holds.
    func eraseDirectory(of slot: Slot) throws {
        let header = try slotHeader(of: slot)
        // Behind the payload, on the next 4 KiB (docs/card-layout.md).
        let end = Int64(max(header.kernel.upperBound, header.ramdisk.upperBound)) * 512
        let place = place(of: slot).lowerBound + (end + 4095) / 4096 * 4096
        let nothing = [UInt8](repeating: 0, count: 8)
        #expect([Array("APUSHEAD".utf8), nothing].contains(try read(at: place, count: 8)))
        try write(nothing, at: place)
    }

    /// Makes slot B a copy of slot A.
    func copySlotAToB() throws {
        let (source, target, block) = (place(of: .a), place(of: .b).lowerBound, Int64(1 << 20))
        try Command(
            "dd",
            [
                "if=\(file.path)", "of=\(file.path)", "bs=\(block)", "skip=\(source.lowerBound / block)",
                "seek=\(target / block)", "count=\(source.count / Int(block))", "conv=notrunc,sparse",
            ]
        ).run()
    }

    /// Puts a file on the data partition, which is not in use.
    func addToData(_ file: URL, as name: String) throws {
        let volume = "\(self.file.path)?offset=\(partitions[3].lowerBound)"
        try Command("debugfs", ["-w", "-R", "write \(file.path) \(name)", volume]).run()
    }

    /// Copies all from the start of the data partition to the end of the card, holes as holes.
    func copyData(to copy: URL) throws {
        let source = try FileHandle(forReadingFrom: file)
        defer { try? source.close() }
        _ = FileManager.default.createFile(atPath: copy.path, contents: nil)
        let target = try FileHandle(forWritingTo: copy)
        defer { try? target.close() }
        let (start, end) = (off_t(partitions[3].lowerBound), off_t(try source.seekToEnd()))
        try target.truncate(atOffset: UInt64(end - start))
        // lseek(2), as of linux/fs.h.
        let (seekData, seekHole): (Int32, Int32) = (3, 4)
        var place = start
        while case let data = lseek(source.fileDescriptor, place, seekData), data >= 0 {
            place = lseek(source.fileDescriptor, data, seekHole)
            try source.seek(toOffset: UInt64(data))
            try target.seek(toOffset: UInt64(data - start))
            try target.write(contentsOf: try source.read(upToCount: Int(place - data)) ?? Data())
        }
    }

    /// Reads, up to the end of the file.
    func read(at offset: Int64, count: Int) throws -> [UInt8] {
        let handle = try FileHandle(forReadingFrom: file)
        defer { try? handle.close() }
        try handle.seek(toOffset: UInt64(offset))
        return [UInt8](try handle.read(upToCount: count) ?? Data())
    }

    func write(_ bytes: some Sequence<UInt8>, at offset: Int64) throws {
        let handle = try FileHandle(forUpdating: file)
        defer { try? handle.close() }
        try handle.seek(toOffset: UInt64(offset))
        try handle.write(contentsOf: Data(bytes))
    }
}
