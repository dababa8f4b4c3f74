import BootState
import Foundation

/// What a slot partition holds, as one file: the root image with the slot header in its first sector, its hash tree with
/// the root hash behind it, the kernel, the initramfs, each on a 4 KiB boundary.
enum SlotImage {
    private static let alignment = 4096
    /// The kernel begins on such a boundary: a root image that grows a little then moves nothing behind it.
    private static let kernelAlignment = 1 << 20

    static func write(root: URL, kernel: URL, ramdisk: URL, to file: URL) throws {
        try FileManager.default.copyItem(at: root, to: file)
        let handle = try FileHandle(forUpdating: file)
        defer { try? handle.close() }
        let rootSize = round(Int(try handle.seekToEnd()), up: alignment)
        let verity = rootSize + HashTree.size(over: rootSize)
        let kernelStart = round(verity + alignment, up: kernelAlignment)
        func put(_ part: URL, at start: Int) throws -> Range<UInt32> {
            try handle.seek(toOffset: UInt64(start))
            let data = try Data(contentsOf: part, options: .mappedIfSafe)
            try handle.write(contentsOf: data)
            return sector(start)..<sector(round(start + data.count, up: SlotHeader.blockSize))
        }
        let kernelRange = try put(kernel, at: kernelStart)
        let ramdiskRange = try put(
            ramdisk, at: round(Int(kernelRange.upperBound) * SlotHeader.blockSize, up: alignment))
        try handle.truncate(
            atOffset: UInt64(round(Int(ramdiskRange.upperBound) * SlotHeader.blockSize, up: alignment)))

        // The tree covers the header, too.
        let header = SlotHeader(
            root: sector(rootSize), hashTree: sector(rootSize), verity: sector(verity), kernel: kernelRange,
            ramdisk: ramdiskRange)
        try handle.seek(toOffset: 0)
        try handle.write(contentsOf: Data(try header.encoded()))
        let tree = try HashTree(of: handle, size: rootSize)
        try handle.seek(toOffset: UInt64(rootSize))
        try handle.write(contentsOf: tree.content + Data(try VerityBlock(rootHash: tree.rootHash.bytes).encoded()))
    }

    private static func sector(_ offset: Int) -> UInt32 { UInt32(offset / SlotHeader.blockSize) }

    private static func round(_ offset: Int, up boundary: Int) -> Int {
        (offset + boundary - 1) / boundary * boundary
    }
}
