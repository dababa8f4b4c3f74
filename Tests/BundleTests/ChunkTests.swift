import Glibc
import Testing

@testable import Bundle

/// Chunk tables that a trusted key signed and that are wrong all the same, and chunks that are not what they should be.
struct ChunkTests {
    /// The error that a bundle with one payload of this name, size and chunks ends with.
    static func error(_ chunks: HostileChunk..., name: String = "slot", size: Int = 100) throws -> BundleError? {
        let payload = ManifestTests.payload(
            name: .string(name), size: .integer(Int64(size)), chunks: .integer(Int64(chunks.count)))
        return try ManifestTests.error(
            ManifestTests.manifest("payloads", [payload], table: chunks.flatMap(\.record)), chunks: chunks)
    }

    @Test func theUnchangedTableIsAccepted() throws {
        #expect(try Self.error(HostileChunk()) == nil)
        #expect(try Self.error(HostileChunk(stored: HostileChunk.content)) == nil)
    }

    @Test(
        arguments: [
            (0, 0), (0, 10), (100, 101), (100, .max), (1_048_577, 10), (.max, 10), (.max, .max), (0x8000_0000, 10),
        ] as [(UInt32, UInt32)])
    func refusesSizes(size: UInt32, storedSize: UInt32) throws {
        #expect(
            try Self.error(HostileChunk(size: size, storedSize: storedSize))
                == .manifestMalformed("chunk 0 of slot has a wrong size"))
    }

    @Test func refusesChunksOfTheSlotOffTheirBoundary() throws {
        let message = BundleError.manifestMalformed("chunk 1 of slot is not on a 4096-byte boundary")
        #expect(try Self.error(HostileChunk(), HostileChunk(), size: 200) == message)
        // Elsewhere any boundary will do: the payload's hash is what does not fit here.
        #expect(
            try Self.error(HostileChunk(), HostileChunk(), name: "boot/a", size: 200) == .payloadInconsistent("boot/a"))
    }

    /// Lengths that are allowed but not true end in a named error and take no more memory than one chunk.
    @Test func declaredSizesThatAreNotThere() throws {
        let huge = HostileChunk(size: 1 << 20, storedSize: 1 << 20)
        let chunks = Array(repeating: huge, count: 1000)
        let payload = ManifestTests.payload(size: .integer(1000 << 20), chunks: 1000)
        guard
            case .truncated = try ManifestTests.error(
                ManifestTests.manifest("payloads", [payload], table: chunks.flatMap(\.record)), chunks: chunks)
        else {
            Issue.record("accepted")
            return
        }
    }

    /// Chunks whose stored form is as signed but whose content is not: more than declared (a compression bomb), less,
    /// other, a frame cut off, one that claims 2^64 - 1 bytes, zeros that are none, no compressed data at all.
    private static let wrongContent: [[UInt8]] = [
        Compressor().compress([UInt8](repeating: 97, count: 50_000_000)) ?? [],
        Compressor().compress([UInt8](repeating: 97, count: 101)) ?? [],
        Compressor().compress([UInt8](repeating: 97, count: 99)) ?? [],
        Compressor().compress([UInt8](repeating: 98, count: 100)) ?? [],
        Array(HostileChunk.frame.dropLast()), HostileChunk.frame + [0],
        [0x28, 0xB5, 0x2F, 0xFD, 0xE0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], [], Array("hello".utf8),
        [UInt8](repeating: 98, count: 100),
    ]

    @Test(arguments: wrongContent)
    func refusesContentThatIsNotAsSigned(stored: [UInt8]) throws {
        var chunk = HostileChunk(stored: stored)
        if stored.count > 100 { chunk.size = 1 << 20 }
        guard case .chunkDamaged = try Self.error(chunk, size: Int(chunk.size)) else {
            Issue.record("accepted")
            return
        }
    }

    /// Nothing whose hash is wrong reaches the decompressor, though it would come out right.
    @Test func refusesAStoredHashThatDoesNotFit() throws {
        guard case .chunkDamaged = try Self.error(HostileChunk(hashed: [1])),
            case .chunkDamaged = try Self.error(HostileChunk(stored: HostileChunk.content, hashed: [1]))
        else {
            Issue.record("accepted")
            return
        }
    }

    @Test func refusesAPayloadHashThatDoesNotFitItsChunks() throws {
        let payload = ManifestTests.payload(sha256: .string(SHA256.digest(of: []).description))
        #expect(
            try ManifestTests.error(ManifestTests.manifest("payloads", [payload])) == .payloadInconsistent("slot"))
    }

    /// A bundle of a megabyte that unpacks to 18 GiB of zeros is read in the memory of one chunk. In a process of its own,
    /// whose peak is nobody else's.
    @Test func memoryIsBounded() async {
        await #expect(processExitsWith: .success) {
            let count = ChunkTable.maximumSize / ChunkTable.recordSize
            let zeros = [UInt8](repeating: 0, count: Chunk.maximumSize)
            let chunk = HostileChunk(size: UInt32(zeros.count), stored: [], content: zeros)
            let table = Array(repeating: chunk.record, count: count).flatMap { $0 }
            let payload = ManifestTests.payload(
                size: .integer(Int64(count * zeros.count)), chunks: .integer(Int64(count)))
            let key = try TestKeys.first
            let bytes = SampleBundle.assemble(
                manifest: try ManifestTests.manifest("payloads", [payload], table: table), table: table, key: key,
                chunks: [])
            func peak() -> Int {
                var usage = rusage()
                getrusage(RUSAGE_SELF.rawValue, &usage)
                return usage.ru_maxrss
            }
            let head = try BundleHead(bytes, trust: .keys([key.verificationKey]))
            let before = peak()
            for index in 0..<200 { _ = try head.chunks[index].content(of: []) }
            #expect(peak() - before < 4096)  // KiB
        }
    }
}
