import Glibc
import Synchronization
import Testing

@testable import Bundle

struct BundleRoundTripTests {
    @Test(arguments: [0, 1, SampleBundle.smallSlot, 3 * SampleBundle.smallChunk / 2, SampleBundle.largeSlot])
    func everyPayloadComesBack(slotSize: Int) async throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/b.apus"
        let key = try TestKeys.first
        let sources = SampleBundle.sources(slotSize: slotSize)
        let written = try await SampleBundle.writer.write(sources, signedBy: [key], to: path)
        #expect(folder.names == ["b.apus"])

        let reader = try BundleReader(path: path, trust: .keys([key.verificationKey]))
        let manifest = reader.manifest
        #expect(reader.head.verifiedSigners == ["21fe31dfa154a261"])
        #expect(reader.head.claimedSigners == ["21fe31dfa154a261"])
        #expect(try reader.head.bundleSize == folder.read("b.apus").count)
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
                [SampleBundle.slot(content, size: slot.count)], signedBy: [key], to: "\(folder.path)/\(name)")
        }
        #expect(try folder.read("1") == folder.read("2"))
    }

    /// Whatever the order in which the jobs finish, and in which metadata is given.
    @Test func isReproducible() async throws {
        let size = 6 << 20
        let expected = try await SampleBundle.bytes(slotSize: size)
        let folder = try TemporaryFolder()
        let writer = BundleWriter(
            product: "WeatherStation", version: "1.2.3+test~1", board: "rpi4",
            metadata: ["app": "ä b", "zstd": "1.5"])
        for _ in 0..<3 {
            try await writer.write(
                SampleBundle.sources(slotSize: size), signedBy: [try TestKeys.first], to: "\(folder.path)/b.apus")
            #expect(try folder.read("b.apus") == expected)
        }
    }

    /// Compressed, stored as they are, and zeros, for which nothing is stored.
    @Test func chunksAreStoredInTheSmallestWay() async throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/b.apus"
        let content =
            SampleBundle.text(size: 8192) + (0..<8192).map { _ in UInt8.random(in: .min ... .max) }
            + [UInt8](repeating: 0, count: 8192) + [1, 2, 3]
        try await SampleBundle.writer.write(
            [
                .init(
                    name: "slot", content: .bytes(content), parts: [.init(size: content.count, chunkSize: 8192)])
            ],
            signedBy: [try TestKeys.first], to: path)
        let reader = try BundleReader(path: path, trust: .unchecked)
        let chunks = Array(reader.head.chunks.of(payload: 0))
        #expect(chunks.map(\.offset) == [0, 8192, 16384, 24576])
        #expect(chunks.map(\.size) == [8192, 8192, 8192, 3])
        #expect(chunks.map(\.isZero) == [false, false, true, false])
        #expect((1..<4096).contains(chunks[0].storedSize))
        #expect(chunks[1...].map(\.storedSize) == [8192, 0, 3])
        #expect(chunks[0].storedOffset == reader.head.size)
        #expect(try UnnamedFile.payloads(of: reader) == ["slot": content])
    }

    /// The same bytes for ever: what is in the field must stay readable. Nothing in it compresses, so that no version of
    /// libzstd changes it. What they mean, ``SecondImplementationTests`` checks.
    @Test func formatStaysTheSame() async throws {
        let folder = try TemporaryFolder()
        var state: UInt64 = 1
        let noise = (0..<9000).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
        let slot = noise.prefix(8192) + [UInt8](repeating: 0, count: 4096) + noise
        let writer = BundleWriter(
            product: "Demo", version: "1.0", board: "virt", metadata: ["a": "1", "A": "ä \"quoted\""])
        let manifest = try await writer.write(
            [
                BundleWriter.Source(
                    name: "slot", content: .bytes(Array(slot)),
                    parts: [.init(size: 12288, chunkSize: 4096), .init(size: 9000, chunkSize: 8192)]),
                BundleWriter.Source(name: "boot/config.txt", content: .bytes(Array("arm_64bit=1\n".utf8))),
                BundleWriter.Source(name: "boot/empty", content: .bytes([])),
            ], signedBy: [try TestKeys.first], to: "\(folder.path)/b.apus")
        #expect(manifest.id == "f9403db88c8a3e80d062c6c99984d13f26d5c3d1154507c46cfef72358a43a3e")
        let hash = SHA256.digest(of: try folder.read("b.apus")).description
        #expect(hash == "ce6c3bdf49dee0d5abf007c6cd412f6d5986fd61df45cfc744e382ae98c85dc7")
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

    @Test func progressCountsTheContent() async throws {
        let folder = try TemporaryFolder()
        let progress = Progress()
        let manifest = try await SampleBundle.writer.write(
            SampleBundle.sources(slotSize: SampleBundle.largeSlot), signedBy: [try TestKeys.first],
            to: "\(folder.path)/b", progress: { done, total in progress.add(done, total) })
        let size = manifest.payloads.reduce(0) { $0 + $1.size }
        #expect(progress.values.map(\.done) == progress.values.map(\.done).sorted())
        #expect(progress.values.last?.done == size)
        #expect(progress.values.allSatisfy { $0.total == size })
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

    @Test func minimumComesBack() async throws {
        let folder = try TemporaryFolder()
        for minimum in [
            Manifest.Minimum(), .init(version: "0.9"), .init(bootInterface: 3), .init(version: "1", bootInterface: 1),
        ] {
            let writer = BundleWriter(product: "p", version: "1", board: "b", minimum: minimum, metadata: [:])
            try await writer.write([], signedBy: [try TestKeys.first], to: "\(folder.path)/b")
            #expect(try BundleReader(path: "\(folder.path)/b", trust: .unchecked).manifest.minimum == minimum)
        }
    }

    /// One payload alone, out of the middle, without disturbing the reading of all.
    @Test func onePayloadIsReadByItself() async throws {
        let folder = try TemporaryFolder()
        try folder.write(try await SampleBundle.bytes(slotSize: SampleBundle.largeSlot), to: "b")
        let reader = try BundleReader(path: "\(folder.path)/b", trust: .unchecked)
        let index = try #require(reader.head.payload(named: "boot/config.txt"))
        #expect(reader.head.payload(named: "boot/CONFIG.TXT") == nil)
        #expect(try reader.content(ofPayload: index, maximumSize: 100) == Array("arm_64bit=1\n".utf8))
        #expect(try reader.content(ofPayload: 0, maximumSize: 1 << 20).count == SampleBundle.largeSlot)
        #expect(throws: BundleError.tooLarge("payload boot/config.txt", size: 12, maximum: 11)) {
            try reader.content(ofPayload: index, maximumSize: 11)
        }
        #expect(try UnnamedFile.payloads(of: reader).count == 4)
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
