/// A piece of a payload that can be fetched and verified on its own.
public struct Chunk: Sendable, Equatable {
    /// Largest content of a chunk in bytes: what a device holds in memory at a time.
    public static let maximumSize = 1 << 20

    /// Every chunk of the payload ``Manifest/slotName`` starts at a multiple of this: the block size of the root image,
    /// so that blocks a device has already are found whole, and written without reading what surrounds them.
    public static let slotAlignment = 4096

    /// Index of its payload in ``Manifest/payloads``.
    public let payload: Int
    /// Where the content belongs in the payload, in bytes.
    public let offset: Int
    /// Bytes of content, 1...``maximumSize``.
    public let size: Int
    /// Of the content.
    public let sha256: SHA256.Digest
    /// Where the stored form stands, in bytes from the start of the bundle.
    public let storedOffset: Int
    /// Bytes in the bundle: 0 for zeros, ``size`` for content that is stored as it is, otherwise those of a Zstandard
    /// frame.
    public let storedSize: Int
    /// Of the bytes in the bundle, so that nothing unverified reaches the decompressor and no changed byte goes
    /// unnoticed (different frames can have the same content).
    public let storedHash: StoredHash

    /// Whether all bytes of the content are zero, with nothing stored for them.
    public var isZero: Bool { storedSize == 0 }

    /// Verifies the stored form and unpacks it into ``size`` bytes, never more, and verifies those.
    ///
    /// - Parameter stored: the ``storedSize`` bytes that stand at ``storedOffset``.
    /// - Throws: ``BundleError/chunkDamaged(storedOffset:)``.
    public func content(of stored: [UInt8]) throws(BundleError) -> [UInt8] {
        let storedDigest = SHA256.digest(of: stored)
        guard stored.count == storedSize, StoredHash(storedDigest) == storedHash else {
            throw .chunkDamaged(storedOffset: storedOffset)
        }
        if storedSize == size {
            guard storedDigest == sha256 else { throw .chunkDamaged(storedOffset: storedOffset) }
            return stored
        }
        let content = isZero ? [UInt8](repeating: 0, count: size) : Decompressor.decompress(stored, size: size)
        guard let content, SHA256.digest(of: content) == sha256 else {
            throw .chunkDamaged(storedOffset: storedOffset)
        }
        return content
    }
}
