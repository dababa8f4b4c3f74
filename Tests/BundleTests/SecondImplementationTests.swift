import Glibc
import JSON
import Testing

@testable import Bundle

/// What is written here, the second implementation of docs/bundle-format.md reads. Skipped where its tools are missing.
@Suite(.enabled(if: system("command -v python3 zstd >/dev/null") == 0))
struct SecondImplementationTests {
    /// Its output, and how it ended.
    private func read(_ path: String, key: VerificationKey) throws -> (output: [UInt8], status: Int32) {
        let script =
            try #require(
                realpath("\(#filePath)", nil).map { pointer in
                    defer { free(pointer) }
                    return String(cString: pointer)
                }
            ).split(separator: "/").dropLast(2).joined(separator: "/") + "/read-bundle.py"
        let command = "python3 '/\(script)' '\(path)' \(hexadecimal(key.rawRepresentation)) 2>&1"
        let stream = try #require(popen(command, "r"))
        var output: [UInt8] = []
        while case let byte = getc(stream), byte != EOF { output.append(UInt8(truncatingIfNeeded: byte)) }
        return (output, pclose(stream))
    }

    @Test func readsOurBundles() async throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/b.apus"
        let (first, second) = (try TestKeys.first, try TestKeys.second)
        let noise = (0..<20_000).map { _ in UInt8.random(in: .min ... .max) }
        let slot = SampleBundle.text(size: 65536) + [UInt8](repeating: 0, count: 8192) + noise
        let manifest = try await SampleBundle.writer.write(
            [SampleBundle.slot(.bytes(slot), size: slot.count)] + SampleBundle.sources(slotSize: 1).dropFirst(),
            signedBy: [first, second], to: path)
        for key in [first.verificationKey, second.verificationKey] {
            let (output, status) = try read(path, key: key)
            #expect(status == 0, "\(String(decoding: output, as: UTF8.self))")
            let json = try JSON(parsing: output.dropLast())
            #expect(json.objectValue?["id"] == .string(manifest.id))
            #expect(json.objectValue?["signers"] == [.string(key.id)])
            #expect(
                json.objectValue?["payloads"]
                    == .array(
                        manifest.payloads.map {
                            [
                                "name": .string($0.name), "size": .integer(Int64($0.size)),
                                "sha256": .string($0.sha256.description),
                            ]
                        }))
        }
    }

    @Test func refusesWhatWeRefuse() async throws {
        let folder = try TemporaryFolder()
        let sound = try await SampleBundle.bytes(slotSize: SampleBundle.smallSlot)
        let key = try TestKeys.first.verificationKey
        let header = try BundleHeader(decoding: sound)
        for index in [0, 8, 30, header.headSize - header.chunkTableSize - 5, header.headSize - 1, sound.count - 1] {
            var damaged = sound
            damaged[index] ^= 1
            try folder.write(damaged, to: "b")
            #expect(try read("\(folder.path)/b", key: key).status != 0, "byte \(index)")
        }
        try folder.write(sound, to: "b")
        #expect(try read("\(folder.path)/b", key: SigningKey().verificationKey).status != 0)
    }
}
