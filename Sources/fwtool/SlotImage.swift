import BootState
import Bundle
import Foundation

/// What a slot partition holds, as one file: the root image with the slot header in its first sector, its hash tree with
/// the root hash behind it, the kernel, the initramfs, each on a 4 KiB boundary.
struct SlotImage {
    let file: URL
    /// The root image with the header and its hash tree, in small chunks, of which an update of the app needs few; kernel
    /// and initramfs, which change as a whole, in large ones.
    let parts: [BundleWriter.Part]

    private static let alignment = 4096

    /// The kernel's start: a root image that grows a little does not move what lies behind it, so a slot that holds it
    /// already is not written anew.
    private static let kernelAlignment = 1 << 20

    /// Measured with the reference app: what an update fetches is least with this, whether one constant or a function
    /// was changed (docs/bundle-format.md). Smaller chunks pay with a longer chunk table, larger ones with more content.
    private static let rootChunkSize = 8192

    /// One block of hashes a chunk: they do not compress, and a change of few blocks of the root changes few of them.
    private static let treeChunkSize = 4096

    init(root: URL, kernel: URL, ramdisk: URL, writtenTo file: URL) throws {
        self.file = file
        try FileManager.default.copyItem(at: root, to: file)
        let handle = try FileHandle(forUpdating: file)
        defer { try? handle.close() }
        let rootSize = Self.round(Int(try handle.seekToEnd()), up: Self.alignment)
        let verity = rootSize + HashTree.size(over: rootSize)
        let kernelStart = Self.round(verity + Self.alignment, up: Self.kernelAlignment)
        func put(_ part: URL, at start: Int) throws -> Range<UInt32> {
            try handle.seek(toOffset: UInt64(start))
            let data = try Data(contentsOf: part, options: .mappedIfSafe)
            try handle.write(contentsOf: data)
            return Self.sector(start)..<Self.sector(Self.round(start + data.count, up: SlotHeader.blockSize))
        }
        let kernelRange = try put(kernel, at: kernelStart)
        let ramdiskStart = Self.round(Int(kernelRange.upperBound) * SlotHeader.blockSize, up: Self.alignment)
        let ramdiskRange = try put(ramdisk, at: ramdiskStart)
        let end = Self.round(Int(ramdiskRange.upperBound) * SlotHeader.blockSize, up: Self.alignment)
        try handle.truncate(atOffset: UInt64(end))
        let treeEnd = verity + Self.alignment
        parts = [
            .init(size: rootSize, chunkSize: Self.rootChunkSize),
            .init(size: treeEnd - rootSize, chunkSize: Self.treeChunkSize),
            .init(size: kernelStart - treeEnd, chunkSize: BundleWriter.Part.largeChunkSize),
            .init(size: ramdiskStart - kernelStart, chunkSize: BundleWriter.Part.largeChunkSize),
            .init(size: end - ramdiskStart, chunkSize: BundleWriter.Part.largeChunkSize),
        ]

        // The tree covers the header, too.
        let header = SlotHeader(
            root: Self.sector(rootSize), hashTree: Self.sector(rootSize), verity: Self.sector(verity),
            kernel: kernelRange, ramdisk: ramdiskRange)
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
