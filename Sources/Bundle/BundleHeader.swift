/// The first bytes of a bundle: what it is and how long the parts before the chunks are.
struct BundleHeader: Equatable {
    /// Not text in the first byte, then the name, then the line ends and the end-of-file mark that transfers in text
    /// mode alter, so that a mangled file is not taken for a bundle (the idea is PNG's signature).
    static let magic: [UInt8] = [0x89] + Array("APUS\r\n".utf8) + [0x1A]

    /// The format this program reads and writes.
    static let format: UInt32 = 1

    /// Bytes in a header: the magic and four 32-bit little-endian numbers.
    static let size = 24

    /// Longest manifest. A payload takes about 150 bytes of it, so it names over a thousand files, while parsing it
    /// still fits the memory of a small board.
    static let maximumManifestSize = 1 << 18

    /// Longest list of signatures, room for ``SignatureList/maximumCount`` of 170 bytes each.
    static let maximumSignaturesSize = 4096

    let manifestSize: Int
    let signaturesSize: Int
    let chunkTableSize: Int

    /// Bytes before the chunks.
    var headSize: Int { Self.size + manifestSize + signaturesSize + chunkTableSize }

    init(manifestSize: Int, signaturesSize: Int, chunkTableSize: Int) {
        self.manifestSize = manifestSize
        self.signaturesSize = signaturesSize
        self.chunkTableSize = chunkTableSize
    }

    /// - Parameter bytes: the first ``size`` bytes of a file or more, or all of a shorter one.
    init(decoding bytes: [UInt8]) throws(BundleError) {
        guard bytes.prefix(Self.magic.count) == Self.magic.prefix(bytes.count) else { throw .notABundle }
        guard bytes.count >= Self.size else { throw .truncated(size: bytes.count) }
        let format = littleEndian(bytes, at: 8)
        guard format == Self.format else { throw .unsupportedFormat(format) }
        func length(at offset: Int, of what: String, maximum: Int) throws(BundleError) -> Int {
            let size = Int(littleEndian(bytes, at: offset))
            guard size <= maximum else { throw .tooLarge(what, size: size, maximum: maximum) }
            return size
        }
        manifestSize = try length(at: 12, of: "a manifest", maximum: Self.maximumManifestSize)
        signaturesSize = try length(at: 16, of: "a list of signatures", maximum: Self.maximumSignaturesSize)
        chunkTableSize = try length(at: 20, of: "a chunk table", maximum: ChunkTable.maximumSize)
    }

    func encoded() -> [UInt8] {
        Self.magic + littleEndian(Self.format) + littleEndian(UInt32(manifestSize))
            + littleEndian(UInt32(signaturesSize)) + littleEndian(UInt32(chunkTableSize))
    }
}
