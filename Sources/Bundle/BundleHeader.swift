/// The first bytes of a bundle: what it is and how long the two parts before the chunks are.
struct BundleHeader: Equatable {
    /// Not text in the first byte, then the name, then the line ends and the end-of-file mark that transfers in text
    /// mode alter, so that a mangled file is not taken for a bundle (the idea is PNG's signature).
    static let magic: [UInt8] = [0x89] + Array("APUS\r\n".utf8) + [0x1A]

    /// The format this program reads and writes.
    static let format: UInt32 = 1

    /// Bytes in a header: the magic and three 32-bit little-endian numbers.
    static let size = 20

    /// Longest manifest. Each chunk takes about 220 bytes of it, so it describes some 4 GiB of payloads, while parsing
    /// it still fits the memory of a small board.
    static let maximumManifestSize = 1 << 20

    /// Longest list of signatures, room for ``SignatureList/maximumCount`` of 170 bytes each.
    static let maximumSignaturesSize = 4096

    let manifestSize: Int
    let signaturesSize: Int

    init(manifestSize: Int, signaturesSize: Int) {
        self.manifestSize = manifestSize
        self.signaturesSize = signaturesSize
    }

    /// - Parameter bytes: the first ``size`` bytes of a file, or all of a shorter one.
    init(decoding bytes: [UInt8]) throws(BundleError) {
        guard bytes.prefix(Self.magic.count) == Self.magic.prefix(bytes.count) else { throw .notABundle }
        guard bytes.count >= Self.size else { throw .truncated(size: bytes.count) }
        func number(at offset: Int) -> UInt32 {
            bytes[offset..<(offset + 4)].reversed().reduce(0) { $0 << 8 | UInt32($1) }
        }
        let format = number(at: 8)
        guard format == Self.format else { throw .unsupportedFormat(format) }
        manifestSize = Int(number(at: 12))
        signaturesSize = Int(number(at: 16))
        guard manifestSize <= Self.maximumManifestSize else {
            throw .tooLarge("a manifest", size: manifestSize, maximum: Self.maximumManifestSize)
        }
        guard signaturesSize <= Self.maximumSignaturesSize else {
            throw .tooLarge("a list of signatures", size: signaturesSize, maximum: Self.maximumSignaturesSize)
        }
    }

    func encoded() -> [UInt8] {
        Self.magic
            + [Self.format, UInt32(manifestSize), UInt32(signaturesSize)].flatMap { number in
                (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
            }
    }
}
