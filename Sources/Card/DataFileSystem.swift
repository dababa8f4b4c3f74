/// The ext4 of the data partition: one description for the card's maker and for the device that makes it anew.
public enum DataFileSystem {
    /// Arguments for mke2fs(8), without the device.
    ///
    /// - The features are named one by one: what mke2fs takes by default depends on its version and its configuration
    ///   file, and a card must be the same whoever made it.
    /// - Groups of 32 MiB: 64 MiB, what the boards have, then hold a second one with a copy of the superblock to repair from.
    /// - An inode for each 64 KiB: a device has few files, and each inode costs time to check.
    /// - A journal of 8 MiB bounds the time its replay takes at a mount.
    /// - Room to grow to 256 GiB (67,108,864 blocks) in place; beyond, the kernel finds room itself.
    /// - After an error read-only, so that it does not get worse; the next start repairs it.
    /// - No blocks kept for root: the app is root.
    ///
    /// - Parameter options: added to mke2fs' extended options.
    public static func arguments(options: [String] = []) -> [String] {
        [
            "-q", "-F", "-t", "ext4", "-L", "data", "-b", "4096", "-g", "8192", "-i", "65536", "-I", "256", "-m", "0",
            "-J",
            "size=8", "-e", "remount-ro", "-O",
            "none,has_journal,ext_attr,resize_inode,dir_index,filetype,extent,64bit,flex_bg,sparse_super,large_file,"
                + "huge_file,dir_nlink,extra_isize,metadata_csum",
            "-E", (["resize=67108864", "root_owner=0:0"] + options).joined(separator: ","),
        ]
    }

    /// What the superblock says of a file system.
    public struct State: Sendable, Equatable {
        /// The kernel has found an error in it (`EXT4_ERROR_FS`).
        public let hasErrors: Bool
        /// There is a journal to replay (`EXT4_FEATURE_INCOMPAT_RECOVER`): it was not unmounted.
        public let hasJournal: Bool
        /// In bytes.
        public let size: Int
        /// Bytes in a block.
        public let blockSize: Int
    }

    /// Where the superblock lies and how long it is, in bytes (Documentation/filesystems/ext4/super.rst in Linux; the
    /// field offsets below are from there, too).
    static let superblockOffset = 1024
    static let superblockSize = 1024

    /// Reads the superblock; nil where there is none that can be.
    public static func state(of partition: any BlockDevice) throws(CardError) -> State? {
        guard partition.size >= superblockOffset + superblockSize else { return nil }
        return state(try partition.read(at: superblockOffset, count: superblockSize))
    }

    /// The places of superblocks, the first one's apart, that a partition has, as e2fsck(8) wants them: a block number
    /// and the size of a block.
    ///
    /// Looked for where file systems made by ``arguments(options:)`` and by mke2fs' defaults have them.
    public static func backups(of partition: any BlockDevice) throws(CardError) -> [(block: Int, blockSize: Int)] {
        var found: [(block: Int, blockSize: Int)] = []
        // Blocks per group: ours, then mke2fs' defaults for blocks of 4 KiB and of 1 KiB, which begin at block 1.
        for (blockSize, perGroup, first) in [(4096, 8192, 0), (4096, 32768, 0), (1024, 8192, 1)] {
            // Groups with a copy (sparse_super): 1 and powers of 3, 5 and 7. The first few are enough.
            for group in [1, 3, 5, 7, 9] {
                let block = first + group * perGroup
                let offset = block * blockSize
                guard offset <= partition.size - superblockSize else { break }
                let copy = try partition.read(at: offset, count: superblockSize)
                if let state = state(copy), state.blockSize == blockSize { found.append((block, blockSize)) }
            }
        }
        return found
    }

    private static func state(_ superblock: [UInt8]) -> State? {
        func number(_ offset: Int, _ count: Int) -> Int {
            (0..<count).reduce(0) { $0 | Int(superblock[offset + $1]) << (8 * $1) }
        }
        let magic = number(56, 2)
        let shift = number(24, 4)
        // 64 KiB are the largest blocks.
        guard magic == 0xEF53, shift <= 6 else { return nil }
        let has64Bits = number(96, 4) & 0x80 != 0
        // Of the upper half as much as leaves the product below 2^63.
        let blocks = number(4, 4) | (has64Bits ? (number(336, 4) & 0x7FFF) << 32 : 0)
        let blockSize = 1024 << shift
        return State(
            hasErrors: number(58, 2) & 2 != 0, hasJournal: number(96, 4) & 4 != 0, size: blocks * blockSize,
            blockSize: blockSize)
    }
}
