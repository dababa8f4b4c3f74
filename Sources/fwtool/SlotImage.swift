import BootState
import Bundle
import Foundation

/// What a slot partition holds, as one file: the root image with the slot header in its first sector, the kernel, the
/// initramfs, each on a 4 KiB boundary or a wider one.
struct SlotImage {
    let file: URL
    /// The root image with the header, in small chunks, of which an update of the app needs few; kernel and initramfs,
    /// which change as a whole, in large ones.
    let parts: [BundleWriter.Part]

    private static let alignment = 4096

    /// The kernel's start: a root image that grows a little does not move what lies behind it, so a slot that holds it
    /// already is not written anew.
    private static let kernelAlignment = 1 << 20

    /// Measured with the reference app: what an update fetches is least with this, whether one constant or a function
    /// was changed (docs/bundle-format.md). Smaller chunks pay with a longer chunk table, larger ones with more content.
    private static let rootChunkSize = 8192

    init(root: URL, kernel: URL, ramdisk: URL, writtenTo file: URL) throws {
        self.file = file
        try FileManager.default.copyItem(at: root, to: file)
        let handle = try FileHandle(forUpdating: file)
        defer { try? handle.close() }
        var parts: [BundleWriter.Part] = []
        /// Ends the part that begins where the last one ended, on a boundary.
        func endPart(chunkSize: Int, alignment: Int = Self.alignment) throws -> Int {
            let size = (Int(try handle.seekToEnd()) + alignment - 1) / alignment * alignment
            try handle.truncate(atOffset: UInt64(size))
            if size == parts.reduce(0, { $0 + $1.size }) { return size }
            parts.append(.init(size: size - parts.reduce(0) { $0 + $1.size }, chunkSize: chunkSize))
            return size
        }
        func append(_ part: URL, at start: Int) throws -> Range<UInt32> {
            try handle.seek(toOffset: UInt64(start))
            let data = try Data(contentsOf: part, options: .mappedIfSafe)
            try handle.write(contentsOf: data)
            let sectors = (data.count + SlotHeader.blockSize - 1) / SlotHeader.blockSize
            return UInt32(start / SlotHeader.blockSize)..<UInt32(start / SlotHeader.blockSize + sectors)
        }
        _ = try endPart(chunkSize: Self.rootChunkSize)
        let kernelStart = try endPart(
            chunkSize: BundleWriter.Part.largeChunkSize, alignment: Self.kernelAlignment)
        let kernelSectors = try append(kernel, at: kernelStart)
        let ramdiskSectors = try append(ramdisk, at: try endPart(chunkSize: BundleWriter.Part.largeChunkSize))
        _ = try endPart(chunkSize: BundleWriter.Part.largeChunkSize)
        self.parts = parts
        try handle.seek(toOffset: 0)
        try handle.write(contentsOf: Data(try SlotHeader(kernel: kernelSectors, ramdisk: ramdiskSectors).encoded()))
    }
}
