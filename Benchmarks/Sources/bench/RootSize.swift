import Foundation

/// The Pi 4's root file system without kernel and kernel modules, compressed: the slot's root image and the runtime layer,
/// which travels in the initramfs.
struct RootSize: Figure {
    let names = ["root.zst.bytes"]

    func measure(_ place: Workplace) throws -> [Record] {
        let load = try Workplace.load()
        let folder = place.scratch.appendingPathComponent("root")
        try? FileManager.default.removeItem(at: folder)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let image = folder.appendingPathComponent("image.erofs")
        let ramdisk = folder.appendingPathComponent("initramfs.cpio.zst")
        let tree = folder.appendingPathComponent("tree")
        let packed = folder.appendingPathComponent("packed.erofs")
        let slot = try Slot(card: place.image("rpi4"))
        try slot.root.write(to: image)
        try slot.ramdisk.write(to: ramdisk)
        try place.run("fsck.erofs", "--extract=\(tree.path)", "--preserve", image.path)

        // Nothing lost on the way and the same options as the build's: packed again it is the same image, byte for byte,
        // behind the first 1024 bytes, which erofs leaves to others.
        try pack(tree, to: packed, place)
        try place.run("cmp", "--ignore-initial=1024", image.path, packed.path)

        try FileManager.default.removeItem(at: tree.appendingPathComponent("usr/lib/modules"))
        let unpack = "set -o pipefail; zstd -dcq \"$0\" | cpio -i -d --quiet -D \"$1\" 'runtime/*'"
        try place.run("bash", "-c", unpack, ramdisk.path, tree.path)
        guard try !FileManager.default.contentsOfDirectory(atPath: tree.path + "/runtime/lib").isEmpty else {
            throw BenchError("the initramfs has no runtime layer")
        }
        try pack(tree, to: packed, place)
        try place.run("zstd", "-19", "--quiet", "--force", packed.path)
        let size = try place.size(of: packed.appendingPathExtension("zst"))

        var versions = try Versions.bundle("rpi4", place)
        versions["mkfs.erofs"] = try Versions.program("mkfs.erofs", from: place)
        versions["zstd"] = try Versions.program("zstd", from: place)
        return [try Record(names[0], .bytes, [.init(ours: size, peer: nil)], versions: versions, load: load)]
    }

    /// The options of Sources/fwtool/RootImage.swift.
    private func pack(_ tree: URL, to image: URL, _ place: Workplace) throws {
        try place.run(
            "mkfs.erofs", "--quiet", "-T0", "--force-uid=0", "--force-gid=0", "-x-1", "-U",
            "61707573-0000-4000-8000-000000000000", image.path, tree.path)
    }

    /// Slot A of a card image (docs/card-layout.md).
    private struct Slot {
        var root: Data
        /// The zstd archive inside the legacy U-Boot image.
        var ramdisk: Data

        private static let sector = 512
        /// Of a legacy U-Boot image; the size of what follows stands at 12, big-endian.
        private static let imageHeader = 64

        init(card: URL) throws {
            let handle = try FileHandle(forReadingFrom: card)
            defer { try? handle.close() }
            func read(_ count: Int, at offset: Int) throws -> Data {
                try handle.seek(toOffset: UInt64(offset))
                guard let data = try handle.read(upToCount: count), data.count == count else {
                    throw BenchError("\(card.path) is too short")
                }
                return data
            }
            // The second entry of the partition table at 446; its first sector at 8, little-endian.
            let start = try read(4, at: 446 + 16 + 8).reversed().reduce(0) { $0 << 8 | Int($1) } * Self.sector
            // CRC, then name=value texts, each ended by a zero byte.
            let header = try read(Self.sector, at: start).dropFirst(4).split(separator: 0)
                .map { String(decoding: $0, as: UTF8.self).split(separator: "=") }
            func offset(_ name: String) throws -> Int {
                guard let field = header.first(where: { $0.first.map(String.init) == name }), field.count == 2,
                    let sectors = Int(field[1], radix: 16)
                else { throw BenchError("slot A of \(card.path) has no header with \(name)") }
                return sectors * Self.sector
            }
            root = try read(try offset("sl_root_n"), at: start)
            let image = start + (try offset("sl_ramdisk"))
            let size = try read(4, at: image + 12).reduce(0) { $0 << 8 | Int($1) }
            ramdisk = try read(size, at: image + Self.imageHeader)
        }
    }
}
