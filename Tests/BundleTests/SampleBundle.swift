import JSON
import Testing

@testable import Bundle

/// Small bundles to read, damage and take apart.
enum SampleBundle {
    /// The slot is of two parts, the first in chunks of ``smallChunk``; the last payload but one is empty.
    static func sources(slotSize: Int) -> [BundleWriter.Source] {
        [slot(.bytes(text(size: slotSize)), size: slotSize)] + [
            BundleWriter.Source(name: "boot/config.txt", content: .bytes(Array("arm_64bit=1\n".utf8))),
            BundleWriter.Source(name: "boot/empty", content: .bytes([])),
            BundleWriter.Source(name: "boot/overlays/x.dtbo", content: .bytes([0xD0, 0x0D, 0xFE, 0xED])),
        ]
    }

    static func slot(_ content: BundleWriter.Source.Content, size: Int) -> BundleWriter.Source {
        let first = min(size, 3 * smallChunk / 2)
        return BundleWriter.Source(
            name: "slot", content: content,
            parts: [.init(size: first, chunkSize: smallChunk), .init(size: size - first, chunkSize: largeChunk)])
    }

    static let smallChunk = 8192
    static let largeChunk = 1 << 18

    static let smallSlot = 1000
    /// Two chunks in the first part, three in the second.
    static let largeSlot = 3 * smallChunk / 2 + 2 * largeChunk + 12345

    static let writer = BundleWriter(
        product: "WeatherStation", version: "1.2.3+test~1", board: "rpi4", metadata: ["zstd": "1.5", "app": "ä b"])

    /// Compressible bytes whose chunks all differ.
    static func text(size: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(size + 20)
        var line = 0
        while bytes.count < size {
            bytes += Array("line \(line)\n".utf8)
            line += 1
        }
        return Array(bytes.prefix(size))
    }

    static func bytes(slotSize: Int, keys: [SigningKey]? = nil) async throws -> [UInt8] {
        let folder = try TemporaryFolder()
        let keys = try keys ?? [TestKeys.first]
        try await writer.write(sources(slotSize: slotSize), signedBy: keys, to: "\(folder.path)/b.apus")
        return try folder.read("b.apus")
    }

    /// A bundle of this manifest and this chunk table, whatever they say, and these chunks.
    static func assemble(manifest: [UInt8], table: [UInt8], key: SigningKey, chunks: [[UInt8]]) -> [UInt8] {
        let signatures = SignatureList(signing: manifest, with: [key]).encoded()
        let parts = BundleHeadParts(manifest: manifest, signatures: signatures, chunkTable: table)
        return parts.encoded() + chunks.flatMap { $0 }
    }

    /// Canonical JSON with its id put right, if it is an object.
    static func manifest(_ json: JSON) throws -> [UInt8] {
        guard var object = json.objectValue else { return try json.serialized() }
        object["id"] = nil
        object["id"] = .string(SHA256.digest(of: try JSON.object(object).serialized()).description)
        return try JSON.object(object).serialized()
    }
}
