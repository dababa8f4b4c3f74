import Glibc

/// Reads a bundle once from front to back, from a file or a pipe.
///
/// Opening it reads and checks everything before the chunks: the header, the signatures and only then the manifest.
/// ``readPayloads(_:)`` then hands out one verified chunk after the other. Memory stays below a few MB, whatever the
/// file says. All calls block: on a device they belong on a thread of their own.
public struct BundleReader: ~Copyable {
    /// Whose signature makes a bundle trustworthy.
    public enum Trust: Sendable {
        /// At least one of these keys must have signed it.
        case keys([VerificationKey])
        /// Nobody's: for looking at a bundle, never for using it.
        case unchecked
    }

    public let manifest: Manifest
    /// The ids of all keys that a signature claims to be from.
    public let claimedSigners: [String]
    /// The ids of the trusted keys whose signature was verified; empty for ``Trust/unchecked``.
    public let verifiedSigners: [String]
    /// Bytes in the whole bundle.
    public let size: Int

    private let file: File
    /// Bytes before the chunks.
    private let prefixSize: Int

    /// Opens a bundle file.
    ///
    /// A regular file that is shorter or longer than its manifest says is refused here; a pipe only when its end comes.
    public init(path: String, trust: Trust) throws(BundleError) {
        let file = try inBundleErrors { () throws(FileError) in try File(path, O_RDONLY) }
        try self.init(file, trust: trust)
    }

    /// Reads a bundle from an open pipe, socket or file, which is closed afterwards.
    init(takingOver descriptor: Int32, trust: Trust) throws(BundleError) {
        try self.init(File(takingOver: descriptor, path: "the bundle"), trust: trust)
    }

    private init(_ file: File, trust: Trust) throws(BundleError) {
        var position = 0
        let header = try BundleHeader(decoding: try Self.read(BundleHeader.size, from: file, orLess: true))
        position += BundleHeader.size
        let manifestBytes = try Self.read(header.manifestSize, from: file, at: position)
        position += header.manifestSize
        let signatureBytes = try Self.read(header.signaturesSize, from: file, at: position)
        position += header.signaturesSize

        let signatures = try SignatureList(decoding: signatureBytes)
        let verifiedSigners =
            switch trust {
            case .keys(let keys): try signatures.verify(manifestBytes, trusting: keys)
            case .unchecked: [] as [String]
            }
        let manifest = try Manifest(decoding: manifestBytes)
        let size = position + manifest.storedSize
        if let fileSize = try inBundleErrors({ () throws(FileError) in try file.regularSize }) {
            if fileSize < size { throw .truncated(size: fileSize) }
            if fileSize > size { throw .trailingBytes }
        }

        self.manifest = manifest
        self.claimedSigners = signatures.signatures.map(\.keyID)
        self.verifiedSigners = verifiedSigners
        self.size = size
        self.file = file
        prefixSize = position
    }

    /// A verified piece of a payload's content.
    public struct Piece {
        public let payload: Manifest.Payload
        /// Where the content belongs in the payload.
        public let offset: Int
        public let content: [UInt8]
    }

    /// Reads all payloads in their order and passes each chunk on once its content is verified. Nothing is passed for
    /// an empty payload.
    ///
    /// What the sink has received is as signed, but the bundle as a whole is only when this returns: before that it may
    /// still turn out to be cut off.
    ///
    /// - Throws: ``BundleError``, or what the sink throws.
    public consuming func readPayloads(_ sink: (Piece) throws -> Void) throws {
        var position = prefixSize
        for payload in manifest.payloads {
            var hash = SHA256()
            var offset = 0
            for (index, chunk) in payload.chunks.enumerated() {
                let stored = try Self.read(chunk.storedSize, from: file, at: position)
                position += chunk.storedSize
                guard SHA256.digest(of: stored) == chunk.storedSHA256,
                    let content = Zstandard.decompress(stored, size: chunk.size),
                    SHA256.digest(of: content) == chunk.sha256
                else { throw BundleError.chunkDamaged(payload: payload.name, index: index) }
                hash.update(content)
                try sink(Piece(payload: payload, offset: offset, content: content))
                offset += chunk.size
            }
            guard hash.finalize() == payload.sha256 else { throw BundleError.payloadInconsistent(payload.name) }
        }
        guard try Self.read(1, from: file, orLess: true).isEmpty else { throw BundleError.trailingBytes }
    }

    /// Reads `count` bytes that stand at `position`.
    private static func read(_ count: Int, from file: File, at position: Int = 0, orLess: Bool = false)
        throws(BundleError) -> [UInt8]
    {
        let bytes = try inBundleErrors { () throws(FileError) in try file.read(count) }
        guard orLess || bytes.count == count else { throw .truncated(size: position + bytes.count) }
        return bytes
    }
}

/// Passes file errors on as bundle errors.
private func inBundleErrors<Value>(_ body: () throws(FileError) -> Value) throws(BundleError) -> Value {
    do throws(FileError) {
        return try body()
    } catch {
        throw .file(error)
    }
}
