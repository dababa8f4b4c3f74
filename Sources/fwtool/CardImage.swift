import BootState
import Bundle
import Card
import Foundation

/// An SD card image made of a bundle: boot partition, slot A written, slot B empty, data partition, boot state.
///
/// | what            | where |
/// | --------------- | ----- |
/// | MBR             | sector 0, disk signature "APUS" |
/// | boot state      | sectors 64 and 128 (``BootState``) |
/// | provisioning    | from sectors 256 and 512 (``Provisioning``) |
/// | p1 boot, FAT32  | from sector 8192 (4 MiB) |
/// | p2 slot A, p3 slot B | ``SlotImage`` |
/// | p4 data, ext4   | to the end |
struct CardImage {
    let profile: BoardProfile
    let provisioning: Provisioning
    /// Of the profile.
    var options: [BoardProfile.Option] = []
    let progress: (_ label: String) -> Progress

    static let sector = 512
    /// Cards erase in blocks of up to 4 MiB: partitions start on such a boundary.
    static let firstSector = 8192
    private static let mebibyte = 1024 * 1024

    /// Bytes from the start of the card.
    struct Partition {
        var offset: Int
        var size: Int
    }

    static func layout(_ profile: BoardProfile) -> [Partition] {
        var offset = firstSector * sector
        let sizes = profile.partitions
        return [sizes.boot, sizes.slot, sizes.slot, sizes.data].map { size in
            defer { offset += size * mebibyte }
            return Partition(offset: offset, size: size * mebibyte)
        }
    }

    func write(_ bundle: URL, trust: BundleTrust, to image: URL) throws {
        try TemporaryFolder.with(beside: image) { folder in
            let reader = try BundleReader(path: bundle.path, trust: trust)
            guard reader.manifest.board == profile.name else {
                throw FwtoolError("\(bundle.path) is built for \(reader.manifest.board), not for \(profile.name)")
            }
            let file = folder.appendingPathComponent("card")
            let layout = Self.layout(profile)
            try create(file, layout)
            let head = reader.head
            try fill(file, layout, from: reader, scratch: folder)
            try writeDirectory(of: head, from: bundle, to: file, layout[1])
            try makeData(file, layout[3], scratch: folder)
            guard rename(file.path, image.path) == 0 else {
                throw FwtoolError("\(image.path) cannot be written: \(String(cString: strerror(errno)))")
            }
        }
    }

    private func create(_ file: URL, _ layout: [Partition]) throws {
        guard FileManager.default.createFile(atPath: file.path, contents: nil), let last = layout.last else {
            throw FwtoolError("\(file.path) cannot be made", remedy: "free space there")
        }
        let handle = try FileHandle(forUpdating: file)
        defer { try? handle.close() }
        try handle.truncate(atOffset: UInt64(last.offset + last.size))

        var table = "label: dos\nlabel-id: 0x53555041\n"  // "APUS" on the disk, little-endian
        for (index, part) in layout.enumerated() {
            table += "start=\(part.offset / Self.sector),size=\(part.size / Self.sector),"
            table += index == 0 ? "type=c,bootable\n" : "type=83\n"
        }
        try Command("sfdisk", ["-q", "--no-reread", "--no-tell-kernel", file.path]).run(input: Data(table.utf8))
        for offset in BootState.copyOffsets {
            try handle.seek(toOffset: UInt64(offset))
            try handle.write(contentsOf: Data(try BootState.initial.encoded()))
        }
        try provisioning.write(to: handle)
    }

    private func fill(
        _ file: URL, _ layout: [Partition], from reader: consuming BundleReader, scratch: URL
    ) throws {
        let total = reader.manifest.payloads.reduce(0) { $0 + $1.size }
        let bar = progress("Writing \(reader.manifest.product) \(reader.manifest.version)")
        defer { bar.finish() }
        bar.setTotal(Int64(total), unit: .bytes)

        let boot = layout[0]
        let slot = layout[1]
        // One sector per cluster makes 64 MiB enough for a true FAT32, which every Pi's boot ROM reads.
        try Command(
            "mkfs.vfat",
            [
                "-F", "32", "-s", "1", "-n", "APUS", "-i", "53555041", "--invariant", "--offset",
                String(boot.offset / Self.sector), file.path, String(boot.size / 1024),
            ]
        ).run()

        let handle = try FileHandle(forUpdating: file)
        defer { try? handle.close() }
        let staged = scratch.appendingPathComponent("boot")
        var names: [String] = []
        var done = 0
        try reader.readPayloads { piece in
            if piece.payload.name == Manifest.slotName {
                guard piece.offset + piece.content.count <= slot.size else {
                    throw FwtoolError(
                        "the bundle's slot image is larger than the slot of \(profile.name)",
                        remedy: "build the bundle anew with this board profile")
                }
                // Zeros stay holes.
                if piece.content.contains(where: { $0 != 0 }) {
                    try handle.seek(toOffset: UInt64(slot.offset + piece.offset))
                    try handle.write(contentsOf: Data(piece.content))
                }
            } else if piece.payload.name.hasPrefix(Manifest.bootPrefix) {
                let name = String(piece.payload.name.dropFirst(Manifest.bootPrefix.count))
                let target = staged.appendingPathComponent(name)
                if piece.offset == 0 {
                    try FileManager.default.createDirectory(
                        at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
                    guard FileManager.default.createFile(atPath: target.path, contents: nil) else {
                        throw FwtoolError("\(target.path) cannot be made", remedy: "free space there")
                    }
                    names.append(name)
                }
                let part = try FileHandle(forUpdating: target)
                try part.seek(toOffset: UInt64(piece.offset))
                try part.write(contentsOf: Data(piece.content))
                try part.close()
            }
            done += piece.content.count
            bar.update(Int64(done))
        }
        for name in names where name.hasSuffix(".dtb") {
            let tree = DeviceTree(file: staged.appendingPathComponent(name))
            for option in options { try tree.apply(option.edits) }
        }
        let volume = "\(file.path)@@\(boot.offset)"
        let folders = Set(names.map { ($0 as NSString).deletingLastPathComponent }).subtracting([""])
        for folder in folders.sorted() { try Command("mmd", ["-i", volume, "::/\(folder)"]).run() }
        for name in names {
            try Command("mcopy", ["-i", volume, staged.appendingPathComponent(name).path, "::/\(name)"]).run()
        }
    }

    /// Lets the first update know what the slot holds. A slot without room for it does without.
    private func writeDirectory(of head: BundleHead, from bundle: URL, to file: URL, _ slot: Partition) throws {
        guard let payload = head.payload(named: Manifest.slotName) else { return }
        let source = try FileHandle(forReadingFrom: bundle)
        defer { try? source.close() }
        let directory = SlotDirectory.encoded(head: Array(try source.read(upToCount: head.size) ?? Data()))
        let offset = SlotDirectory.offset(payloadSize: head.manifest.payloads[payload].size)
        guard offset + directory.count <= slot.size else { return }
        let handle = try FileHandle(forUpdating: file)
        defer { try? handle.close() }
        try handle.seek(toOffset: UInt64(slot.offset + offset))
        try handle.write(contentsOf: Data(directory))
    }

    private func makeData(_ file: URL, _ part: Partition, scratch: URL) throws {
        let content = scratch.appendingPathComponent("data")
        try FileManager.default.createDirectory(
            at: content.appendingPathComponent("apus"), withIntermediateDirectories: true)
        // The inode tables are zeroed now, not by a thread on the device.
        let options = ["offset=\(part.offset)", "lazy_itable_init=0", "lazy_journal_init=0"]
        try Command(
            "mke2fs",
            DataFileSystem.arguments(options: options) + ["-d", content.path, file.path, "\(part.size / 1024)k"],
            deadline: 300
        ).run()
    }
}

extension Provisioning {
    /// Writes both copies to a card or an image of one.
    func write(to card: FileHandle) throws {
        let block = Data(try encoded())
        for offset in Self.copyOffsets {
            try card.seek(toOffset: UInt64(offset))
            try card.write(contentsOf: block)
        }
    }
}
