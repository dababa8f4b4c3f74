/// The verified front part of a bundle: everything before the chunks.
public struct BundleHead: Sendable {
    /// Bytes from which ``size(prefix:)`` tells the length of the head.
    public static let prefixSize = BundleHeader.size

    public let manifest: Manifest
    /// Of all payloads.
    public let chunks: ChunkTable
    /// The ids of all keys that a signature claims to be from.
    public let claimedSigners: [String]
    /// The ids of the trusted keys whose signature was verified; empty for ``BundleTrust/unchecked``.
    public let verifiedSigners: [String]
    /// Bytes in the head.
    public let size: Int

    /// Bytes in the whole bundle.
    public var bundleSize: Int { chunks.last.map { $0.storedOffset + $0.storedSize } ?? size }

    /// How many bytes the whole head has. Checks the magic, the format and the limits of its parts.
    ///
    /// - Parameter prefix: the first ``prefixSize`` bytes of the bundle or more.
    /// - Throws: ``BundleError/notABundle``, ``BundleError/truncated(size:)``,
    ///   ``BundleError/unsupportedFormat(_:)``, ``BundleError/tooLarge(_:size:maximum:)``.
    public static func size(prefix: [UInt8]) throws(BundleError) -> Int {
        try BundleHeader(decoding: prefix).headSize
    }

    /// Verifies the signatures, then parses the manifest and the chunk table.
    ///
    /// - Parameter bytes: the whole head and nothing else.
    /// - Throws: ``BundleError``.
    public init(_ bytes: [UInt8], trust: BundleTrust) throws(BundleError) {
        let parts = try BundleHeadParts(bytes)
        let signatures = try SignatureList(decoding: parts.signatures)
        verifiedSigners =
            switch trust {
            case .keys(let keys): try signatures.verify(parts.manifest, trusting: keys)
            case .unchecked: []
            }
        claimedSigners = signatures.signatures.map(\.keyID)
        manifest = try Manifest(decoding: parts.manifest)
        guard SHA256.digest(of: parts.chunkTable) == manifest.chunkTable else {
            throw .manifestMalformed("its chunk table is not the one it names")
        }
        chunks = try ChunkTable(decoding: parts.chunkTable, payloads: manifest.payloads, headSize: bytes.count)
        size = bytes.count
    }

    /// The index in ``Manifest/payloads`` of the payload of this name, nil if there is none.
    public func payload(named name: String) -> Int? {
        manifest.payloads.firstIndex { $0.name == name }
    }
}
