/// How the root image of a slot is proved: what the boot script passes on as `apus.verity=SECTORS,TREE,HASH`.
public struct VerityTable: Sendable, Equatable {
    /// Sectors of 512 bytes the image has, a multiple of 8.
    public let sectors: UInt64
    /// First sector of the hash tree, a multiple of 8.
    public let tree: UInt64
    /// 64 hexadecimal digits.
    public let rootHash: String

    /// Blocks of data and of hashes, as the image builder makes them.
    private static let blockSize: UInt64 = 4096
    private static let sectorsPerBlock = blockSize / 512

    /// - Parameter text: two hexadecimal numbers and the root hash, separated by commas. Nil for anything else.
    public init?(_ text: some StringProtocol) {
        let words = text.split(separator: ",", omittingEmptySubsequences: false)
        guard words.count == 3, let sectors = UInt64(words[0], radix: 16), let tree = UInt64(words[1], radix: 16),
            sectors > 0, sectors % Self.sectorsPerBlock == 0, tree % Self.sectorsPerBlock == 0,
            words[2].utf8.count == 64, words[2].allSatisfy({ $0.isASCII && $0.isHexDigit })
        else { return nil }
        self.sectors = sectors
        self.tree = tree
        rootHash = String(words[2])
    }

    /// Parameters of the kernel's verity target: version 1 of the tree's format, data and tree on the same device, SHA-256
    /// without salt (Linux, Documentation/admin-guide/device-mapper/verity.rst).
    func parameters(device: String) -> String {
        "1 \(device) \(device) \(Self.blockSize) \(Self.blockSize) \(sectors / Self.sectorsPerBlock) "
            + "\(tree / Self.sectorsPerBlock) sha256 \(rootHash) -"
    }
}
