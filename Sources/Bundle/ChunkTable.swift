/// The chunks of all payloads, in the order in which they stand in the bundle.
public struct ChunkTable: Sendable, Equatable, RandomAccessCollection {
    /// Bytes that describe a chunk: content size, stored size, SHA-256 of the content, hash of the stored bytes.
    static let recordSize = 4 + 4 + SHA256.Digest.size + StoredHash.size

    /// Longest table: 18,724 chunks, 146 MiB in pieces of 8 KiB or over a gigabyte in pieces of 64 KiB, and 1.7 MB in
    /// a device's memory.
    static let maximumSize = 1 << 20

    private let chunks: [Chunk]
    /// Index of each payload's first chunk, and the number of all.
    private let starts: [Int]

    /// - Parameters:
    ///   - bytes: the table as it stands in the bundle, already verified by its hash.
    ///   - payloads: those of the manifest.
    ///   - headSize: bytes before the first chunk.
    init(decoding bytes: [UInt8], payloads: [Manifest.Payload], headSize: Int) throws(BundleError) {
        // Each count is limited by the table's size and the number of payloads by the manifest's: no overflow.
        guard bytes.count == Self.recordSize * payloads.reduce(0, { $0 + $1.chunkCount }) else {
            throw .manifestMalformed("its chunk table has not as many chunks as the payloads")
        }
        var chunks: [Chunk] = []
        chunks.reserveCapacity(bytes.count / Self.recordSize)
        var starts = [0]
        var storedOffset = headSize
        for (index, payload) in payloads.enumerated() {
            var offset = 0
            for _ in 0..<payload.chunkCount {
                let record = chunks.count * Self.recordSize
                // Fits: the number of chunks and the size of each are limited.
                let size = Int(littleEndian(bytes, at: record))
                let storedSize = Int(littleEndian(bytes, at: record + 4))
                let hashes = record + 8
                guard (1...Chunk.maximumSize).contains(size), storedSize <= size else {
                    throw .manifestMalformed(
                        "chunk \(chunks.count - starts[index]) of \(payload.name) has a wrong size")
                }
                guard payload.name != Manifest.slotName || offset % Chunk.slotAlignment == 0 else {
                    throw .manifestMalformed(
                        "chunk \(chunks.count - starts[index]) of \(payload.name) is not on a 4096-byte boundary")
                }
                chunks.append(
                    Chunk(
                        payload: index, offset: offset, size: size,
                        sha256: SHA256.Digest(bytes[hashes..<(hashes + SHA256.Digest.size)]),
                        storedOffset: storedOffset, storedSize: storedSize,
                        storedHash: StoredHash(bytes[(hashes + SHA256.Digest.size)..<(record + Self.recordSize)])))
                offset += size
                storedOffset += storedSize
            }
            guard offset == payload.size else {
                throw .manifestMalformed("the chunks of payload \(payload.name) are not as long as the payload")
            }
            starts.append(chunks.count)
        }
        self.chunks = chunks
        self.starts = starts
    }

    /// The chunks of one payload.
    ///
    /// - Parameter payload: an index of ``Manifest/payloads``.
    public func of(payload: Int) -> ArraySlice<Chunk> {
        chunks[starts[payload]..<starts[payload + 1]]
    }

    public var startIndex: Int { chunks.startIndex }
    public var endIndex: Int { chunks.endIndex }
    public subscript(index: Int) -> Chunk { chunks[index] }

    /// What the table says of one chunk.
    static func record(size: Int, storedSize: Int, sha256: SHA256.Digest, storedHash: StoredHash) -> [UInt8] {
        littleEndian(UInt32(size)) + littleEndian(UInt32(storedSize)) + sha256.bytes + storedHash.bytes
    }
}
