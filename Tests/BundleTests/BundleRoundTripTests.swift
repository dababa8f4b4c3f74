import Glibc
import Synchronization
import Testing

@testable import Bundle

struct BundleRoundTripTests {
    @Test(arguments: [0, 1, SampleBundle.smallSlot, Manifest.Chunk.maximumSize, SampleBundle.largeSlot])
    func everyPayloadComesBack(slotSize: Int) async throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/b.apus"
        let key = try TestKeys.first
        let sources = SampleBundle.sources(slotSize: slotSize)
        let written = try await SampleBundle.writer.write(sources, signedBy: [key], to: path)
        #expect(folder.names == ["b.apus"])

        let reader = try BundleReader(path: path, trust: .keys([key.verificationKey]))
        let manifest = reader.manifest
        #expect(reader.verifiedSigners == ["21fe31dfa154a261"])
        #expect(reader.claimedSigners == ["21fe31dfa154a261"])
        #expect(try reader.size == folder.read("b.apus").count)
        #expect(manifest == written)
        #expect(manifest.product == "WeatherStation")
        #expect(manifest.version == "1.2.3+test~1")
        #expect(manifest.board == "rpi4")
        #expect(manifest.metadata == ["zstd": "1.5", "app": "ä b"])
        #expect(manifest.payloads.map(\.name) == sources.map(\.name))
        let contents = try UnnamedFile.payloads(of: reader)
        #expect(contents.count == sources.count)
        for (source, payload) in zip(sources, manifest.payloads) {
            guard case .bytes(let bytes) = source.content else { continue }
            #expect(contents[source.name] == bytes)
            #expect(payload.size == bytes.count)
            #expect(payload.sha256 == SHA256.digest(of: bytes))
            #expect(payload.chunks.dropLast().allSatisfy { $0.size == Manifest.Chunk.maximumSize })
        }
    }

    @Test func filesAndBytesGiveTheSameBundle() async throws {
        let folder = try TemporaryFolder()
        let slot = SampleBundle.text(size: SampleBundle.largeSlot)
        try folder.write(slot, to: "slot.img")
        let key = try TestKeys.first
        for (name, content) in [
            ("1", BundleWriter.Source.Content.bytes(slot)), ("2", .file(path: "\(folder.path)/slot.img")),
        ] {
            try await SampleBundle.writer.write(
                [BundleWriter.Source(name: "slot", content: content)], signedBy: [key], to: "\(folder.path)/\(name)")
        }
        #expect(try folder.read("1") == folder.read("2"))
    }

    /// Chunks that finish in another order, and metadata given in another order, change nothing.
    @Test func isReproducible() async throws {
        let expected = try await SampleBundle.bytes(slotSize: SampleBundle.largeSlot)
        let folder = try TemporaryFolder()
        let writer = BundleWriter(
            product: "WeatherStation", version: "1.2.3+test~1", board: "rpi4",
            metadata: ["app": "ä b", "zstd": "1.5"],
            compress: { chunk, _ in
                let stored = Zstandard.compress(chunk)
                for _ in 0..<Int.random(in: 0..<100) { await Task.yield() }
                return stored
            })
        for _ in 0..<2 {
            try await writer.write(
                SampleBundle.sources(slotSize: SampleBundle.largeSlot), signedBy: [try TestKeys.first],
                to: "\(folder.path)/b.apus")
            #expect(try folder.read("b.apus") == expected)
        }
    }

    /// Byte for byte what a second implementation made, a Python script written from docs/bundle-format.md alone, with
    /// OpenSSL's command line for the signature. Not compressed, so that no version of libzstd changes it.
    @Test func isTheDocumentedFormat() async throws {
        let folder = try TemporaryFolder()
        let slot = (0..<(Manifest.Chunk.maximumSize + 100_000)).map { UInt8(truncatingIfNeeded: $0 * $0 / 7 + $0) }
        let writer = BundleWriter(
            product: "Demo", version: "1.0", board: "virt", metadata: ["a": "1", "A": "ä \"quoted\""],
            compress: { chunk, _ in Self.rawFrame(chunk) })
        let manifest = try await writer.write(
            [
                BundleWriter.Source(name: "slot", content: .bytes(slot)),
                BundleWriter.Source(name: "boot/config.txt", content: .bytes(Array("arm_64bit=1\n".utf8))),
                BundleWriter.Source(name: "boot/empty", content: .bytes([])),
            ], signedBy: [try TestKeys.first], to: "\(folder.path)/b.apus")
        #expect(manifest.id == "61fda9fe811ae74c599fbbb34b54dde6d4126569e2ff9a804dfb0a5c88305453")
        #expect(
            SHA256.digest(of: try folder.read("b.apus")).description
                == "8e88a30911348ead0d9b1b6d3317d1f73fa2a9469e5958e5ada3c39a915b32ee")
    }

    /// A Zstandard frame of raw blocks (RFC 8878, section 3.1.1): single segment, size in 4 bytes.
    private static func rawFrame(_ content: [UInt8]) -> [UInt8] {
        let maximumBlock = 1 << 17
        var frame: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0xA0]
        frame += (0..<4).map { UInt8(truncatingIfNeeded: content.count >> (8 * $0)) }
        for start in stride(from: 0, to: content.count, by: maximumBlock) {
            let block = content[start..<min(start + maximumBlock, content.count)]
            let header = block.count << 3 | (block.endIndex == content.count ? 1 : 0)
            frame += (0..<3).map { UInt8(truncatingIfNeeded: header >> (8 * $0)) } + block
        }
        return frame
    }

    /// The id tells content apart, not signers.
    @Test func idDependsOnContentOnly() async throws {
        func id(_ keys: [SigningKey], version: String = "1", slot: [UInt8] = [1]) async throws -> String {
            let folder = try TemporaryFolder()
            let writer = BundleWriter(product: "p", version: version, board: "b", metadata: [:])
            return try await writer.write(
                [BundleWriter.Source(name: "slot", content: .bytes(slot))], signedBy: keys, to: "\(folder.path)/b"
            ).id
        }
        let first = try TestKeys.first
        let second = try TestKeys.second
        let id1 = try await id([first])
        #expect(id1.utf8.count == 64)
        #expect(try await id([first, second]) == id1)
        #expect(try await id([first], version: "2") != id1)
        #expect(try await id([first], slot: [2]) != id1)
    }

    @Test func cachedChunksAreAskedForByHash() async throws {
        let folder = try TemporaryFolder()
        let calls = Calls()
        let writer = BundleWriter(product: "p", version: "1", board: "b", metadata: [:]) { chunk, sha256 in
            await calls.add(sha256, isRight: SHA256.digest(of: chunk) == sha256)
            return Zstandard.compress(chunk)
        }
        let progress = Progress()
        let manifest = try await writer.write(
            SampleBundle.sources(slotSize: SampleBundle.largeSlot), signedBy: [try TestKeys.first],
            to: "\(folder.path)/b", progress: { done, total in progress.add(done, total) })
        let asked = await calls.digests
        #expect(asked.count == 5)
        #expect(Set(asked) == Set(manifest.payloads.flatMap { $0.chunks.map(\.sha256) }))
        #expect(await calls.areAllRight)
        let size = manifest.payloads.reduce(0) { $0 + $1.size }
        #expect(progress.values.map(\.done) == progress.values.map(\.done).sorted())
        #expect(progress.values.last?.done == size)
        #expect(progress.values.allSatisfy { $0.total == size })
    }

    private actor Calls {
        var digests: [SHA256.Digest] = []
        var areAllRight = true

        func add(_ digest: SHA256.Digest, isRight: Bool) {
            digests.append(digest)
            areAllRight = areAllRight && isRight
        }
    }

    private final class Progress: Sendable {
        private let storage = Mutex<[(done: Int, total: Int)]>([])
        var values: [(done: Int, total: Int)] { storage.withLock { $0 } }
        func add(_ done: Int, _ total: Int) { storage.withLock { $0.append((done, total)) } }
    }

    @Test func readsFromAPipe() async throws {
        let bytes = try await SampleBundle.bytes(slotSize: SampleBundle.smallSlot)
        let contents = try UnnamedFile.readThroughPipe(bytes, trust: .keys([try TestKeys.first.verificationKey]))
        #expect(contents["slot"] == SampleBundle.text(size: SampleBundle.smallSlot))
    }

    @Test func whatTheSinkThrowsStopsTheReader() async throws {
        struct Stop: Error {}
        let folder = try TemporaryFolder()
        try folder.write(try await SampleBundle.bytes(slotSize: SampleBundle.largeSlot), to: "b")
        let reader = try BundleReader(path: "\(folder.path)/b", trust: .unchecked)
        var pieces = 0
        do {
            try reader.readPayloads { _ in
                pieces += 1
                if pieces == 2 { throw Stop() }
            }
            Issue.record("readPayloads returned")
        } catch is Stop {
            #expect(pieces == 2)
        }
    }

    /// Any one of several signers suffices, and a signature of a key not trusted here does no harm.
    @Test func acceptsWhatOneTrustedKeySigned() async throws {
        let (first, second) = (try TestKeys.first, try TestKeys.second)
        let bytes = try await SampleBundle.bytes(slotSize: 10, keys: [first, second])
        for trusted in [[first], [second], [second, first], [SigningKey(), second]] {
            let keys = trusted.map(\.verificationKey)
            _ = try UnnamedFile.read(bytes, trust: .keys(keys))
        }
        let ids = [first.verificationKey.id, second.verificationKey.id]
        for keys in [[], [SigningKey().verificationKey]] {
            #expect(throws: BundleError.unknownSigner(keyIDs: ids)) {
                try UnnamedFile.read(bytes, trust: .keys(keys))
            }
        }
    }
}
