import BootState
import Foundation

/// What a slot partition holds, as one file: the root image with the slot header in its first sector, the kernel, the
/// initramfs, each on a 4 KiB boundary.
enum SlotImage {
    private static let alignment = 4096

    static func write(root: URL, kernel: URL, ramdisk: URL, to file: URL) throws {
        let manager = FileManager.default
        try manager.copyItem(at: root, to: file)
        let handle = try FileHandle(forUpdating: file)
        defer { try? handle.close() }
        func append(_ part: URL) throws -> Range<UInt32> {
            let start = (Int(try handle.seekToEnd()) + alignment - 1) / alignment * alignment
            try handle.seek(toOffset: UInt64(start))
            let data = try Data(contentsOf: part, options: .mappedIfSafe)
            try handle.write(contentsOf: data)
            let sectors = (data.count + SlotHeader.blockSize - 1) / SlotHeader.blockSize
            return UInt32(start / SlotHeader.blockSize)..<UInt32(start / SlotHeader.blockSize + sectors)
        }
        let header = SlotHeader(kernel: try append(kernel), ramdisk: try append(ramdisk))
        let end = (Int(try handle.seekToEnd()) + alignment - 1) / alignment * alignment
        try handle.truncate(atOffset: UInt64(end))
        try handle.seek(toOffset: 0)
        try handle.write(contentsOf: Data(try header.encoded()))
    }
}
