import Bundle
import Foundation

/// The hash tree by which the kernel's dm-verity proves each block of a root image as it is read.
///
/// Format 1 of Linux, Documentation/admin-guide/device-mapper/verity.rst: SHA-256 over blocks of 4 KiB, 128 digests a
/// block, the topmost level first. Without salt: it would only hide which blocks two images share, which an update wants
/// to know. Made here because `veritysetup` would be one more tool to install for forty lines.
struct HashTree {
    static let blockSize = 4096

    /// A multiple of ``blockSize``.
    let content: Data
    let rootHash: SHA256.Digest

    /// - Parameter size: how much of the image to read from its start, a multiple of ``blockSize``.
    init(of image: FileHandle, size: Int) throws {
        try image.seek(toOffset: 0)
        var level = Data()
        for _ in 0..<(size / Self.blockSize) {
            let block = try image.read(upToCount: Self.blockSize) ?? Data()
            level.append(contentsOf: Self.digest(of: block).bytes)
        }
        var levels: [Data] = []
        while true {
            let padding = (Self.blockSize - level.count % Self.blockSize) % Self.blockSize
            level.append(Data(count: padding))
            levels.insert(level, at: 0)
            if level.count == Self.blockSize { break }
            var above = Data()
            for start in stride(from: 0, to: level.count, by: Self.blockSize) {
                above.append(contentsOf: Self.digest(of: level[start..<(start + Self.blockSize)]).bytes)
            }
            level = above
        }
        content = levels.reduce(Data(), +)
        rootHash = Self.digest(of: level)
    }

    /// Bytes of the tree over so many bytes, a multiple of ``blockSize``.
    static func size(over bytes: Int) -> Int {
        var blocks = bytes / blockSize
        var total = 0
        repeat {
            blocks = (blocks * SHA256.Digest.size + blockSize - 1) / blockSize
            total += blocks
        } while blocks > 1
        return total * blockSize
    }

    private static func digest(of block: Data) -> SHA256.Digest {
        SHA256.digest(of: [UInt8](block) + Array(repeating: 0, count: blockSize - block.count))
    }
}
