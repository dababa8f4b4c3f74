/// The head of a bundle taken apart, nothing of it verified.
struct BundleHeadParts {
    let manifest: [UInt8]
    let signatures: [UInt8]
    let chunkTable: [UInt8]

    init(_ bytes: [UInt8]) throws(BundleError) {
        let header = try BundleHeader(decoding: bytes)
        guard bytes.count >= header.headSize else { throw .truncated(size: bytes.count) }
        guard bytes.count == header.headSize else { throw .trailingBytes }
        let signaturesStart = BundleHeader.size + header.manifestSize
        let tableStart = signaturesStart + header.signaturesSize
        manifest = Array(bytes[BundleHeader.size..<signaturesStart])
        signatures = Array(bytes[signaturesStart..<tableStart])
        chunkTable = Array(bytes[tableStart...])
    }

    init(manifest: [UInt8], signatures: [UInt8], chunkTable: [UInt8]) {
        self.manifest = manifest
        self.signatures = signatures
        self.chunkTable = chunkTable
    }

    func encoded() -> [UInt8] {
        let header = BundleHeader(
            manifestSize: manifest.count, signaturesSize: signatures.count, chunkTableSize: chunkTable.count)
        return header.encoded() + manifest + signatures + chunkTable
    }
}
