import Testing

@testable import Bundle

struct BundleSignerTests {
    private let folder: TemporaryFolder
    private let path: String
    private let first: SigningKey
    private let second: SigningKey

    init() async throws {
        folder = try TemporaryFolder()
        path = "\(folder.path)/b.apus"
        (first, second) = (try TestKeys.first, try TestKeys.second)
        try folder.write(try await SampleBundle.bytes(slotSize: SampleBundle.largeSlot, keys: [first]), to: "b.apus")
    }

    private func verified(_ keys: SigningKey...) throws -> [String] {
        let reader = try BundleReader(path: path, trust: .keys(keys.map(\.verificationKey)))
        let signers = reader.head.verifiedSigners
        try reader.readPayloads { _ in }
        return signers
    }

    /// As if it had been made with these keys in the first place.
    @Test func addsASignature() async throws {
        #expect(
            try BundleSigner.sign(path, with: [second], keepOthers: true)
                == [first.verificationKey.id, second.verificationKey.id])
        #expect(
            try await folder.read("b.apus")
                == SampleBundle.bytes(slotSize: SampleBundle.largeSlot, keys: [first, second]))
        #expect(try verified(second) == [second.verificationKey.id])
        #expect(try verified(first, second).count == 2)
        #expect(folder.names == ["b.apus"])
    }

    @Test func replacesSignatures() throws {
        #expect(try BundleSigner.sign(path, with: [second], keepOthers: false) == [second.verificationKey.id])
        #expect(throws: BundleError.unknownSigner(keyIDs: [second.verificationKey.id])) { try verified(first) }
    }

    /// The same key again changes nothing, not even where its old signature was wrong.
    @Test func aSignatureOfTheSameKeyIsReplaced() throws {
        let sound = try folder.read("b.apus")
        #expect(try BundleSigner.sign(path, with: [first], keepOthers: true) == [first.verificationKey.id])
        #expect(try folder.read("b.apus") == sound)
        let header = try BundleHeader(decoding: sound)
        var damaged = sound
        let digit = BundleHeader.size + header.manifestSize + header.signaturesSize - 5
        damaged[digit] = damaged[digit] == UInt8(ascii: "0") ? UInt8(ascii: "1") : UInt8(ascii: "0")
        try folder.write(damaged, to: "b.apus")
        #expect(throws: BundleError.badSignature(keyID: first.verificationKey.id)) { try verified(first) }
        _ = try BundleSigner.sign(path, with: [first], keepOthers: true)
        #expect(try folder.read("b.apus") == sound)
    }

    @Test func whatIsDamagedIsNotSigned() throws {
        var damaged = try folder.read("b.apus")
        damaged[damaged.count - 1] ^= 1
        try folder.write(damaged, to: "b.apus")
        #expect(throws: BundleError.self) { try BundleSigner.sign(path, with: [second], keepOthers: true) }
        #expect(try folder.read("b.apus") == damaged)
        #expect(folder.names == ["b.apus"])
    }

    @Test func refusesTooManyOrNoSignatures() throws {
        let sound = try folder.read("b.apus")
        let many = (0..<16).map { _ in SigningKey() }
        #expect(throws: BundleError.invalidContent("a bundle has 1 to 16 signatures, not 17")) {
            try BundleSigner.sign(path, with: many, keepOthers: true)
        }
        #expect(throws: BundleError.invalidContent("a bundle has 1 to 16 signatures, not 0")) {
            try BundleSigner.sign(path, with: [], keepOthers: false)
        }
        #expect(try folder.read("b.apus") == sound)
        #expect(try BundleSigner.sign(path, with: many, keepOthers: false).count == 16)
    }
}
