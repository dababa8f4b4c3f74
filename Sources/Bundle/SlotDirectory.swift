/// What lies in a slot behind its payload: the head of the bundle it was written from.
///
/// From it a device knows what its slots hold, and finds content that an update need not bring again. It starts at the
/// next multiple of 4 KiB: the magic, the size of the head (32 bits, little-endian), four zero bytes, the head as it
/// stands in the bundle. It is a hint: whoever uses what it leads to verifies that.
public enum SlotDirectory {
    /// "APUSHEAD".
    private static let magic = Array("APUSHEAD".utf8)

    /// Longest head: all its parts as long as they may be.
    private static let maximumHeadSize =
        BundleHeader.size + BundleHeader.maximumManifestSize + BundleHeader.maximumSignaturesSize
        + ChunkTable.maximumSize

    /// Bytes before the head.
    public static let prefixSize = 16

    /// Where in the slot it starts.
    public static func offset(payloadSize: Int) -> Int {
        (payloadSize + Chunk.slotAlignment - 1) / Chunk.slotAlignment * Chunk.slotAlignment
    }

    /// - Parameter head: all of the bundle before its chunks.
    public static func encoded(head: [UInt8]) -> [UInt8] {
        magic + littleEndian(UInt32(clamping: head.count)) + [0, 0, 0, 0] + head
    }

    /// Bytes of the head that follows; nil when none does.
    ///
    /// - Parameter prefix: the first ``prefixSize`` bytes, from an untrusted card.
    public static func headSize(prefix: [UInt8]) -> Int? {
        guard prefix.count == prefixSize, prefix.starts(with: magic), prefix[12...].allSatisfy({ $0 == 0 }) else {
            return nil
        }
        let size = Int(littleEndian(prefix, at: 8))
        return (BundleHead.prefixSize...maximumHeadSize).contains(size) ? size : nil
    }
}
