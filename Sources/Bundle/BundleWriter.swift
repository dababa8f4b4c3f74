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
        /// What the content is made of, from the front; all of it. Nil for chunks as large as they may be: they compress
        /// best, and nobody wants a part of the content.
        public let parts: [Part]?

        public init(name: String, content: Content, parts: [Part]? = nil) {
            self.name = name
            self.content = content
            self.parts = parts
        }
    }

    /// A range of a payload in chunks of one size. No chunk lies in two parts.
    public struct Part: Sendable, Equatable {
        /// Chunks of content that changes as a whole or hardly compresses, a kernel for example.
        public static let largeChunkSize = 256 << 10

        /// Bytes.
        public let size: Int
        /// Bytes of content of each chunk but the last, 1...``Chunk/maximumSize``.
        public let chunkSize: Int

        public init(size: Int, chunkSize: Int) {
            self.size = size
            self.chunkSize = chunkSize
        }
    }

    /// Told now and then how many bytes of content are done, of how many.
    public typealias Progress = @Sendable (_ done: Int, _ total: Int) -> Void

    private let product: String
    private let version: String
    private let board: String
    private let minimum: Manifest.Minimum
    private let metadata: [String: String]

    /// - Parameters:
    ///   - product, version, board: 1 to 64 letters, digits or `._+~-`, the first a letter or digit.
    ///   - minimum: the oldest that it may be installed over.
    ///   - metadata: texts without control characters, for people and programs to look at.
    public init(
        product: String, version: String, board: String, minimum: Manifest.Minimum = .init(),
        metadata: [String: String]
    ) {
        self.product = product
        self.version = version
        self.board = board
        self.minimum = minimum
        self.metadata = metadata
    }

    /// Writes the bundle under a temporary name beside `path` and renames it when it is complete and on the medium.
    /// On failure or cancellation nothing is left, and a file that `path` named before is untouched.
    ///
    /// - Parameter keys: those that sign, at least one.
    /// - Throws: ``BundleError`` or `CancellationError`.
    @discardableResult
    public func write(
        _ sources: [Source], signedBy keys: [SigningKey], to path: String, progress: @escaping Progress = { _, _ in }
    ) async throws -> Manifest {
        guard (1...SignatureList.maximumCount).contains(keys.count) else {
            throw BundleError.invalidContent(
                "a bundle has 1 to \(SignatureList.maximumCount) signatures, not \(keys.count)")
        }
        let packed = try await packed(sources, progress: progress)
        guard packed.table.count <= ChunkTable.maximumSize else {
            throw BundleError.tooLarge("a chunk table", size: packed.table.count, maximum: ChunkTable.maximumSize)
        }
        let manifest = try Manifest(
            product: product, version: version, board: board, payloads: packed.payloads,
            chunkTable: SHA256.digest(of: packed.table), minimum: minimum, metadata: metadata)
        let manifestBytes = try manifest.encoded()
        guard manifestBytes.count <= BundleHeader.maximumManifestSize else {
            throw BundleError.tooLarge(
                "a manifest", size: manifestBytes.count, maximum: BundleHeader.maximumManifestSize)
        }
        let head = BundleHeadParts(
            manifest: manifestBytes, signatures: SignatureList(signing: manifestBytes, with: keys).encoded(),
            chunkTable: packed.table
        ).encoded()
        // What no reader would accept is found here and not on a device.
        do throws(BundleError) {
            _ = try BundleHead(head, trust: .unchecked)
        } catch {
            guard case .manifestMalformed(let reason) = error else { throw error }
            throw BundleError.invalidContent(reason)
        }
        try Task.checkCancellation()
        try await inBundleErrors { try await onThread { try File.replace(path, with: [head] + packed.stored) } }
        return manifest
    }
}

extension BundleWriter {
    /// More chunks than in this many bytes of content would not fit the table.
    private static let maximumContentSize = ChunkTable.maximumSize / ChunkTable.recordSize * Chunk.maximumSize

    /// Bytes of content that one job compresses, about: enough to make the switch of tasks cheap.
    private static let jobSize = Chunk.maximumSize

    private struct Packed {
        var payloads: [Manifest.Payload] = []
        var table: [UInt8] = []
        /// The chunks in their order, as they go into the file.
        var stored: [[UInt8]] = []
    }

    /// Some consecutive chunks of a payload, packed.
    private struct Job: Sendable {
        let index: Int
        let contentSize: Int
        var table: [UInt8] = []
        var stored: [UInt8] = []
    }

    /// Reads, hashes and compresses all sources.
    private func packed(_ sources: [Source], progress: Progress) async throws -> Packed {
        let total = try await inBundleErrors {
            try await onThread { try sources.reduce(0) { try $0 + $1.content.size } }
        }
        guard total <= Self.maximumContentSize else {
            throw BundleError.tooLarge("content", size: total, maximum: Self.maximumContentSize)
        }
        // One job for each processor: the memory in use stays small, and none of them idles.
        let concurrency = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        return try await withThrowingTaskGroup(of: Job.self) { group in
            var result = Packed()
            var jobs: [Job] = []
            var started = 0
            var done = 0
            func collect() async throws {
                guard let job = try await group.next() else { return }
                jobs.append(job)
                done += job.contentSize
                progress(done, total)
            }

            for source in sources {
                let open = try await inBundleErrors { try await onThread { try OpenSource(source.content) } }
                var hash = SHA256()
                var size = 0
                var chunkCount = 0
                // Whatever follows the last part shows that the content is longer than they are.
                let parts = source.parts ?? [Part(size: Self.maximumContentSize, chunkSize: Chunk.maximumSize)]
                for part in parts + [Part(size: Self.jobSize, chunkSize: Self.jobSize)] {
                    guard part.size >= 0, (1...Chunk.maximumSize).contains(part.chunkSize) else {
                        throw BundleError.invalidContent(
                            "a part of payload \(source.name) has chunks of \(part.chunkSize) bytes")
                    }
                    var left = part.size
                    while left > 0 {
                        let count = min(left, Self.jobSize / part.chunkSize * part.chunkSize)
                        let content = try await inBundleErrors { [size] in
                            try await onThread { try open.read(count, at: size) }
                        }
                        if content.isEmpty { break }
                        hash.update(content)
                        size += content.count
                        left -= content.count
                        chunkCount += (content.count + part.chunkSize - 1) / part.chunkSize
                        if started - jobs.count == concurrency { try await collect() }
                        group.addTask { [started] in
                            try Task.checkCancellation()
                            return Self.pack(content, chunkSize: part.chunkSize, job: started)
                        }
                        started += 1
                    }
                }
                if let parts = source.parts, parts.reduce(0, { $0 + $1.size }) != size {
                    throw BundleError.invalidContent(
                        "payload \(source.name) has \(size) bytes, not as many as its parts together")
                }
                result.payloads.append(
                    Manifest.Payload(
                        name: source.name, size: size, sha256: hash.finalize(), chunkCount: chunkCount))
            }
            while jobs.count < started { try await collect() }
            for job in jobs.sorted(by: { $0.index < $1.index }) {
                result.table += job.table
                result.stored.append(job.stored)
            }
            return result
        }
    }

    private static func pack(_ content: [UInt8], chunkSize: Int, job index: Int) -> Job {
        let compressor = Compressor()
        var job = Job(index: index, contentSize: content.count)
        for start in stride(from: 0, to: content.count, by: chunkSize) {
            let chunk = Array(content[start..<min(start + chunkSize, content.count)])
            let sha256 = SHA256.digest(of: chunk)
            let stored = chunk.allSatisfy { $0 == 0 } ? [] : compressor.compress(chunk) ?? chunk
            let storedHash = StoredHash(stored.count == chunk.count ? sha256 : SHA256.digest(of: stored))
            job.table += ChunkTable.record(
                size: chunk.count, storedSize: stored.count, sha256: sha256, storedHash: storedHash)
            job.stored += stored
        }
        return job
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

/// A source while it is read from the front.
private enum OpenSource: Sendable {
    case file(File)
    case bytes([UInt8])

    init(_ content: BundleWriter.Source.Content) throws(FileError) {
        switch content {
        case .file(let path): self = .file(try File(path, O_RDONLY))
        case .bytes(let bytes): self = .bytes(bytes)
        }
    }

    /// The next `count` bytes, fewer at the end.
    ///
    /// - Parameter offset: how many have been read before.
    func read(_ count: Int, at offset: Int) throws(FileError) -> [UInt8] {
        switch self {
        case .file(let file): try file.read(count)
        case .bytes(let bytes): Array(bytes.dropFirst(offset).prefix(count))
        }
    }
}
