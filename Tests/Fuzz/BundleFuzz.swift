import Glibc
import JSON

@testable import Bundle

/// A target for libFuzzer: what reads a bundle, given bytes of anybody's making. The first byte of an input chooses what
/// the rest is; where a hash would keep every change out, it is put right first, as an attacker with the key would.
///
/// A trap, a leak, an address out of bounds, a wrong acceptance or too much memory ends the run.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzBundle(_ pointer: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let input = Array(UnsafeBufferPointer(start: pointer, count: count))
    guard let kind = input.first else { return 0 }
    let rest = Array(input.dropFirst())
    switch kind % 5 {
    case 0: fuzzHead(rest)
    case 1: fuzzManifest(rest)
    case 2: fuzzTable(rest)
    case 3: fuzzChunk(rest)
    default: fuzzSignatures(rest)
    }
    return 0
}

/// A head as it is, and its first chunks from the bytes behind it.
private func fuzzHead(_ bytes: [UInt8]) {
    guard let size = try? BundleHead.size(prefix: bytes), size <= bytes.count,
        let head = try? BundleHead(Array(bytes.prefix(size)), trust: .unchecked)
    else { return }
    precondition(head.size == size && head.bundleSize >= size)
    for chunk in head.chunks.prefix(4) where chunk.storedOffset + chunk.storedSize <= bytes.count {
        let stored = Array(bytes[chunk.storedOffset..<(chunk.storedOffset + chunk.storedSize)])
        if let content = try? chunk.content(of: stored) { precondition(SHA256.digest(of: content) == chunk.sha256) }
    }
}

/// A manifest with its id put right.
private func fuzzManifest(_ bytes: [UInt8]) {
    var candidates = [bytes]
    if var object = (try? JSON(parsing: bytes))?.objectValue {
        object["id"] = nil
        if let content = try? JSON.object(object).serialized() {
            object["id"] = .string(SHA256.digest(of: content).description)
            if let fixed = try? JSON.object(object).serialized() { candidates.append(fixed) }
        }
    }
    for candidate in candidates {
        guard let manifest = try? Manifest(decoding: candidate) else { continue }
        guard let encoded = try? manifest.encoded() else { preconditionFailure("accepted, yet not to be written") }
        precondition(encoded == candidate, "two spellings of one manifest")
        _ = try? ChunkTable(decoding: candidate, payloads: manifest.payloads, headSize: candidate.count)
    }
}

/// A chunk table for as many payloads as the first byte says, with sizes that fit it.
private func fuzzTable(_ bytes: [UInt8]) {
    guard let first = bytes.first else { return }
    let table = Array(bytes.dropFirst())
    let records = table.count / ChunkTable.recordSize
    let perPayload = max(1, records / max(1, Int(first % 4)))
    var payloads: [Manifest.Payload] = []
    var index = 0
    while index < records {
        let count = min(perPayload, records - index)
        let size = (index..<(index + count)).reduce(0) {
            $0 + Int(littleEndian(table, at: $1 * ChunkTable.recordSize))
        }
        payloads.append(
            Manifest.Payload(
                name: payloads.isEmpty ? Manifest.slotName : "boot/\(index)", size: size,
                sha256: SHA256.digest(of: []), chunkCount: count))
        index += count
    }
    guard let chunks = try? ChunkTable(decoding: table, payloads: payloads, headSize: 24) else { return }
    precondition(chunks.count == records)
    var end = 24
    for chunk in chunks {
        precondition(chunk.storedOffset == end && (1...Chunk.maximumSize).contains(chunk.size))
        precondition(chunk.storedSize <= chunk.size)
        precondition(chunk.payload > 0 || chunk.offset % Chunk.slotAlignment == 0)
        end += chunk.storedSize
    }
}

/// Stored bytes with their true hash and any size of content: what comes out is never more than that.
private func fuzzChunk(_ bytes: [UInt8]) {
    guard bytes.count >= 3 else { return }
    let size = 1 + Int(littleEndian(bytes + [0], at: 0) & 0xF_FFFF)
    let stored = Array(bytes.dropFirst(3))
    guard stored.count <= size else { return }
    if let content = Decompressor.decompress(stored, size: size) { precondition(content.count == size) }
    let chunk = Chunk(
        payload: 0, offset: 0, size: size, sha256: SHA256.digest(of: stored), storedOffset: 24,
        storedSize: stored.count, storedHash: StoredHash(SHA256.digest(of: stored)))
    if let content = try? chunk.content(of: stored) { precondition(content.count == size && content == stored) }
}

private func fuzzSignatures(_ bytes: [UInt8]) {
    guard let list = try? SignatureList(decoding: bytes) else { return }
    precondition(list.encoded() == bytes, "two spellings of one list")
    precondition((try? list.verify([], trusting: [Seeds.key.verificationKey])) == nil, "a forged signature")
}

/// What to start from: one sound input of each kind, into the folder `$APUS_FUZZ_SEEDS`.
@_cdecl("LLVMFuzzerInitialize")
public func initializeFuzzer(
    _ count: UnsafeMutablePointer<Int32>?,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>?
) -> Int32 {
    guard let folder = getenv("APUS_FUZZ_SEEDS") else { return 0 }
    for (index, seed) in Seeds.all().enumerated() {
        guard let file = fopen("\(String(cString: folder))/seed\(index)", "w") else { exit(1) }
        fwrite(seed, 1, seed.count, file)
        fclose(file)
    }
    exit(0)
}

private enum Seeds {
    /// Of RFC 8032, section 7.1, test 1: it signs nothing but seeds.
    static let key: SigningKey = {
        let pem = """
            -----BEGIN PRIVATE KEY-----
            MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
            -----END PRIVATE KEY-----
            """
        guard let key = try? SigningKey(pem: Array(pem.utf8)) else { fatalError("no key") }
        return key
    }()

    static func all() -> [[UInt8]] {
        let text = (0..<500).flatMap { Array("line \($0)\n".utf8) }
        let frame = Compressor().compress(text) ?? []
        let noise = (0..<64).map { UInt8(truncatingIfNeeded: $0 * 167) }
        func record(_ content: [UInt8], _ stored: [UInt8]) -> [UInt8] {
            ChunkTable.record(
                size: content.count, storedSize: stored.count, sha256: SHA256.digest(of: content),
                storedHash: StoredHash(SHA256.digest(of: stored)))
        }
        let zeros = [UInt8](repeating: 0, count: 4096)
        let table = record(zeros, []) + record(text, frame) + record(noise, noise)
        let slot = zeros + text
        guard
            let manifest = try? Manifest(
                product: "p", version: "1.0", board: "rpi4",
                payloads: [
                    .init(name: "slot", size: slot.count, sha256: SHA256.digest(of: slot), chunkCount: 2),
                    .init(name: "boot/a.b", size: noise.count, sha256: SHA256.digest(of: noise), chunkCount: 1),
                ], chunkTable: SHA256.digest(of: table), minimum: .init(version: "0.9", bootInterface: 1),
                metadata: ["a": "ä\"\\"]), let manifestBytes = try? manifest.encoded()
        else { fatalError("no manifest") }
        let signatures = SignatureList(signing: manifestBytes, with: [key]).encoded()
        let head = BundleHeadParts(manifest: manifestBytes, signatures: signatures, chunkTable: table).encoded()
        let size = text.count - 1
        let length = (0..<3).map { UInt8(truncatingIfNeeded: size >> (8 * $0)) }
        return [
            [0] + head + frame + noise, [1] + manifestBytes, [2, 2] + table, [3] + length + frame, [4] + signatures,
        ]
    }
}
