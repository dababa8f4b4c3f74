@testable import Bundle

/// A chunk of a payload and what a chunk table, true or not, says of it.
struct HostileChunk: Sendable {
    static let content = [UInt8](repeating: UInt8(ascii: "a"), count: 100)
    /// ``content`` compressed: magic number, header (single segment, 100 bytes), one last block that repeats a byte
    /// (RFC 8878, section 3.1.1).
    static let frame: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0x20, 100, 0x23, 0x03, 0x00, UInt8(ascii: "a")]

    var size: UInt32 = 100
    /// What stands in the bundle.
    var stored = frame
    /// What the table says of the length of ``stored``; nil for the truth.
    var storedSize: UInt32?
    var content = Self.content
    /// What ``Chunk/storedHash`` is of; nil for ``stored``.
    var hashed: [UInt8]?

    var record: [UInt8] {
        let storedHash = SHA256.digest(of: hashed ?? stored).bytes.prefix(StoredHash.size)
        return littleEndian(size) + littleEndian(storedSize ?? UInt32(stored.count)) + SHA256.digest(of: content).bytes
            + Array(storedHash)
    }
}
