import Glibc

/// Makes a bundle: compresses, hashes and signs.
///
/// The same inputs, keys and libzstd give the same bytes. The chunks are held compressed in memory until the manifest,
/// which stands before them, is complete.
public struct BundleWriter: Sendable {
    /// A payload to be, in the order in which a device is to receive them.
    public struct Source: Sendable {
        public enum Content: Sendable {
            case file(path: String)
            case bytes([UInt8])
        }

        /// ``Manifest/slotName``, or ``Manifest/bootPrefix`` and the path of a file.
        public let name: String
        public let content: Content

        public init(name: String, content: Content) {
            self.name = name
            self.content = content
        }
    }

    /// Compresses a chunk, or finds the compressed form in a cache by the SHA-256 of its content. Called for several
    /// chunks at once.
    public typealias Compress = @Sendable (_ chunk: [UInt8], _ sha256: SHA256.Digest) async throws -> [UInt8]

    /// Told after each chunk how many bytes of content are done, of how many.
    public typealias Progress = @Sendable (_ done: Int, _ total: Int) -> Void

    private let product: String
    private let version: String
    private let board: String
    private let metadata: [String: String]
    private let compress: Compress

    /// - Parameters:
    ///   - product, version, board: 1 to 64 letters, digits or `._+~-`, the first a letter or digit.
    ///   - metadata: texts without control characters, for people and programs to look at.
    public init(
        product: String, version: String, board: String, metadata: [String: String],
        compress: @escaping Compress = { chunk, _ in Zstandard.compress(chunk) }
    ) {
        self.product = product
        self.version = version
        self.board = board
        self.metadata = metadata
        self.compress = compress
    }

    /// Writes the bundle under a temporary name beside `path` and renames it when it is complete and on the medium.
    /// On failure or cancellation nothing is left, and a file that `path` named before is untouched.
    ///
    /// - Parameter keys: those that sign, at least one.
    /// - Throws: ``BundleError``, `CancellationError`, or what `compress` throws.
    @discardableResult
    public func write(
        _ sources: [Source], signedBy keys: [SigningKey], to path: String, progress: @escaping Progress = { _, _ in }
    ) async throws -> Manifest {
        guard (1...SignatureList.maximumCount).contains(keys.count) else {
            throw BundleError.invalidContent(
                "a bundle has 1 to \(SignatureList.maximumCount) signatures, not \(keys.count)")
        }
        let (payloads, chunks) = try await compressed(sources, progress: progress)
        let manifest = try Manifest(
            product: product, version: version, board: board, payloads: payloads, metadata: metadata)
        let manifestBytes = try manifest.encoded()
        guard manifestBytes.count <= BundleHeader.maximumManifestSize else {
            throw BundleError.tooLarge(
                "a manifest", size: manifestBytes.count, maximum: BundleHeader.maximumManifestSize)
        }
        let signatures = SignatureList(signing: manifestBytes, with: keys).encoded()
        let header = BundleHeader(manifestSize: manifestBytes.count, signaturesSize: signatures.count)
        try Task.checkCancellation()
        try await inBundleErrors {
            try await onThread {
                try File.replace(path, with: [header.encoded(), manifestBytes, signatures] + chunks)
            }
        }
        return manifest
    }
}

extension BundleWriter {
    /// More would make too long a manifest in any case: each chunk has two hashes of 64 digits there.
    private static let maximumContentSize = BundleHeader.maximumManifestSize / 128 * Manifest.Chunk.maximumSize

    /// A chunk on its way through the compressor.
    private struct Job: Sendable {
        let payload: Int
        let chunk: Int
        let stored: [UInt8]
        let description: Manifest.Chunk
    }

    /// Reads, hashes and compresses all sources: their descriptions, and the compressed chunks in order.
    private func compressed(_ sources: [Source], progress: Progress) async throws -> ([Manifest.Payload], [[UInt8]]) {
        let total = try await inBundleErrors {
            try await onThread { try sources.reduce(0) { try $0 + $1.content.size } }
        }
        guard total <= Self.maximumContentSize else {
            throw BundleError.tooLarge("content", size: total, maximum: Self.maximumContentSize)
        }
        // One chunk for each processor: the memory in use stays small, and none of them idles.
        let concurrency = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        return try await withThrowingTaskGroup(of: Job.self) { group in
            var jobs: [Job] = []
            var running = 0
            var done = 0
            func collect() async throws {
                guard let job = try await group.next() else { return }
                jobs.append(job)
                running -= 1
                done += job.description.size
                progress(done, total)
            }

            var contents: [(size: Int, sha256: SHA256.Digest)] = []
            for (payload, source) in sources.enumerated() {
                let open = try await inBundleErrors { try await onThread { try OpenSource(source.content) } }
                var hash = SHA256()
                var size = 0
                var index = 0
                while true {
                    let chunk = try await inBundleErrors { [index] in
                        try await onThread { try open.chunk(after: index) }
                    }
                    if chunk.isEmpty { break }
                    hash.update(chunk)
                    size += chunk.count
                    if running == concurrency { try await collect() }
                    group.addTask { [index] in try await job(chunk, payload: payload, name: source.name, index: index) }
                    running += 1
                    index += 1
                }
                contents.append((size, hash.finalize()))
            }
            while running > 0 { try await collect() }

            jobs.sort { ($0.payload, $0.chunk) < ($1.payload, $1.chunk) }
            let payloads = sources.enumerated().map { payload, source in
                Manifest.Payload(
                    name: source.name, size: contents[payload].size, sha256: contents[payload].sha256,
                    chunks: jobs.filter { $0.payload == payload }.map(\.description))
            }
            return (payloads, jobs.map(\.stored))
        }
    }

    private func job(_ chunk: [UInt8], payload: Int, name: String, index: Int) async throws -> Job {
        try Task.checkCancellation()
        let sha256 = SHA256.digest(of: chunk)
        let stored = try await compress(chunk, sha256)
        // A cache can hold anything; what is signed must be what was meant.
        guard stored.count <= Manifest.Chunk.maximumStoredSize,
            Zstandard.decompress(stored, size: chunk.count) == chunk
        else { throw BundleError.compressedWrongly(payload: name, index: index) }
        let description = Manifest.Chunk(
            size: chunk.count, sha256: sha256, storedSize: stored.count, storedSHA256: SHA256.digest(of: stored))
        return Job(payload: payload, chunk: index, stored: stored, description: description)
    }
}

/// Passes file errors on as bundle errors.
private func inBundleErrors<Value>(_ body: () async throws -> Value) async throws -> Value {
    do {
        return try await body()
    } catch let error as FileError {
        throw BundleError.file(error)
    }
}

extension BundleWriter.Source.Content {
    /// Bytes it will probably have: exact unless a file changes or is not a regular one.
    fileprivate var size: Int {
        get throws(FileError) {
            switch self {
            case .file(let path): try File(path, O_RDONLY).regularSize ?? 0
            case .bytes(let bytes): bytes.count
            }
        }
    }
}

/// A source while it is read, chunk by chunk from the front.
private enum OpenSource: Sendable {
    case file(File)
    case bytes([UInt8])

    init(_ content: BundleWriter.Source.Content) throws(FileError) {
        switch content {
        case .file(let path): self = .file(try File(path, O_RDONLY))
        case .bytes(let bytes): self = .bytes(bytes)
        }
    }

    /// The content of the chunk after `index` others; empty after the last.
    func chunk(after index: Int) throws(FileError) -> [UInt8] {
        switch self {
        case .file(let file): try file.read(Manifest.Chunk.maximumSize)
        case .bytes(let bytes):
            Array(bytes.dropFirst(index * Manifest.Chunk.maximumSize).prefix(Manifest.Chunk.maximumSize))
        }
    }
}
