import JSON
import Testing

@testable import Bundle

struct BundleDamageTests {
    static func trust() throws -> BundleTrust { .keys([try TestKeys.first.verificationKey]) }

    /// The error that reading these bytes ends with, nil when they are accepted.
    static func error(_ bytes: [UInt8], trust: BundleTrust, throughPipe: Bool = false) -> BundleError? {
        do {
            _ =
                try throughPipe
                ? UnnamedFile.readThroughPipe(bytes, trust: trust) : UnnamedFile.read(bytes, trust: trust)
            return nil
        } catch {
            let bundleError = error as? BundleError
            if bundleError == nil { Issue.record("\(error)") }
            return bundleError
        }
    }

    /// Cut anywhere, from file and pipe: refused as cut off at that very byte.
    @Test(arguments: [false, true])
    func everyTruncationIsDetected(throughPipe: Bool) async throws {
        let bytes = try await SampleBundle.bytes(slotSize: SampleBundle.smallSlot)
        let trust = try Self.trust()
        for length in bytes.indices {
            #expect(
                Self.error(Array(bytes[..<length]), trust: trust, throughPipe: throughPipe) == .truncated(size: length))
        }
    }

    @Test func truncationOfALargeBundleIsDetected() async throws {
        let bytes = try await SampleBundle.bytes(slotSize: SampleBundle.largeSlot)
        let trust = try Self.trust()
        for length in stride(from: 0, to: bytes.count, by: 997) {
            #expect(Self.error(Array(bytes[..<length]), trust: trust) == .truncated(size: length))
        }
    }

    /// A file's length is known before anything of it is used.
    @Test func wrongLengthOfAFileIsDetectedOnOpening() async throws {
        let bytes = try await SampleBundle.bytes(slotSize: SampleBundle.smallSlot)
        let folder = try TemporaryFolder()
        try folder.write(Array(bytes.dropLast()), to: "short")
        #expect(throws: BundleError.truncated(size: bytes.count - 1)) {
            _ = try BundleReader(path: "\(folder.path)/short", trust: .unchecked)
        }
        try folder.write(bytes + [0], to: "long")
        #expect(throws: BundleError.trailingBytes) {
            _ = try BundleReader(path: "\(folder.path)/long", trust: .unchecked)
        }
    }

    @Test func trailingBytesAreDetected() async throws {
        let bytes = try await SampleBundle.bytes(slotSize: SampleBundle.smallSlot)
        let trust = try Self.trust()
        #expect(Self.error(bytes + [0], trust: trust) == .trailingBytes)
        #expect(Self.error(bytes + [0], trust: trust, throughPipe: true) == .trailingBytes)
        #expect(Self.error(bytes + bytes, trust: trust) == .trailingBytes)
    }

    /// Every byte changed: in the head by each of its bits, behind it by one.
    @Test func everyChangedByteIsDetected() async throws {
        let bytes = try await SampleBundle.bytes(slotSize: SampleBundle.smallSlot)
        let trust = try Self.trust()
        let header = try BundleHeader(decoding: bytes)
        let signatures = BundleHeader.size + header.manifestSize
        let table = signatures + header.signaturesSize
        for index in bytes.indices {
            for bit in index < header.headSize ? 0..<8 : (index % 8)..<(index % 8 + 1) {
                var damaged = bytes
                damaged[index] ^= 1 << bit
                let error = Self.error(damaged, trust: trust)
                switch index {
                case ..<8: #expect(error == .notABundle)
                case ..<12: if case .unsupportedFormat = error {} else { Issue.record("byte \(index): \(error)") }
                case ..<BundleHeader.size: #expect(error != nil)
                case ..<signatures: #expect(error == .badSignature(keyID: "21fe31dfa154a261"))
                case ..<table:
                    switch error {
                    case .signaturesMalformed, .unknownSigner, .badSignature: break
                    default: Issue.record("byte \(index): \(error)")
                    }
                case ..<header.headSize:
                    #expect(error == .manifestMalformed("its chunk table is not the one it names"))
                default:
                    if case .chunkDamaged = error {} else { Issue.record("byte \(index): \(error)") }
                }
            }
        }
    }

    /// Every bit of the head flipped, without a key: nothing but a signature can pass as sound.
    @Test func damageToTheHeadShowsWithoutAKey() async throws {
        let bytes = try await SampleBundle.bytes(slotSize: SampleBundle.smallSlot)
        let header = try BundleHeader(decoding: bytes)
        let head = Array(bytes.prefix(header.headSize))
        let signatures = BundleHeader.size + header.manifestSize
        for index in head.indices where !(signatures..<(signatures + header.signaturesSize)).contains(index) {
            for bit in 0..<8 {
                var damaged = head
                damaged[index] ^= 1 << bit
                do throws(BundleError) {
                    _ = try BundleHead(damaged, trust: .unchecked)
                    Issue.record("bit \(bit) of byte \(index) accepted")
                } catch {}
            }
        }
    }

    /// Every length of the head in every part of it, as a slot's directory or a first request may yield it.
    @Test func everyTruncatedHeadIsRefused() async throws {
        let bytes = try await SampleBundle.bytes(slotSize: SampleBundle.smallSlot)
        let head = Array(bytes.prefix(try BundleHead.size(prefix: bytes)))
        for length in head.indices {
            #expect(throws: BundleError.truncated(size: length)) {
                _ = try BundleHead(Array(head[..<length]), trust: .unchecked)
            }
        }
        #expect(throws: BundleError.trailingBytes) { _ = try BundleHead(head + [0], trust: .unchecked) }
        #expect(try BundleHead(head, trust: Self.trust()).bundleSize == bytes.count)
    }

    @Test func damagedChunkIsNamed() async throws {
        let bytes = try await SampleBundle.bytes(slotSize: SampleBundle.largeSlot)
        let head = try BundleHead(Array(bytes.prefix(BundleHead.size(prefix: bytes))), trust: .unchecked)
        #expect(head.chunks.count == 7)
        for chunk in head.chunks {
            for offset in [0, chunk.storedSize / 2, chunk.storedSize - 1] {
                var damaged = bytes
                damaged[chunk.storedOffset + offset] ^= 0x10
                #expect(
                    Self.error(damaged, trust: try Self.trust()) == .chunkDamaged(storedOffset: chunk.storedOffset))
                let stored = Array(damaged[chunk.storedOffset...].prefix(chunk.storedSize))
                #expect(throws: BundleError.chunkDamaged(storedOffset: chunk.storedOffset)) {
                    _ = try chunk.content(of: stored)
                }
            }
            let stored = Array(bytes[chunk.storedOffset...].prefix(chunk.storedSize))
            #expect(try chunk.content(of: stored).count == chunk.size)
            for other in [[], Array(stored.dropLast()), stored + [0]] {
                #expect(throws: BundleError.chunkDamaged(storedOffset: chunk.storedOffset)) {
                    _ = try chunk.content(of: other)
                }
            }
        }
    }

    @Test(
        arguments: [
            ([], .truncated(size: 0)),
            ([0x89], .truncated(size: 1)),
            ([0x50, 0x4B, 3, 4], .notABundle),
            (Array(repeating: 0, count: 32), .notABundle),
            (Array(repeating: 0xFF, count: 32), .notABundle),
            // The largest lengths, and one beyond what is allowed.
            (hostile(1, .max, 0, 0), .tooLarge("a manifest", size: 4_294_967_295, maximum: 262_144)),
            (hostile(1, 262_145, 0, 0), .tooLarge("a manifest", size: 262_145, maximum: 262_144)),
            (hostile(1, 0, .max, 0), .tooLarge("a list of signatures", size: 4_294_967_295, maximum: 4096)),
            (hostile(1, 0, 4097, 0), .tooLarge("a list of signatures", size: 4097, maximum: 4096)),
            (hostile(1, 0, 0, .max), .tooLarge("a chunk table", size: 4_294_967_295, maximum: 1_048_576)),
            (hostile(1, 0, 0, 1_048_577), .tooLarge("a chunk table", size: 1_048_577, maximum: 1_048_576)),
            (hostile(1, 262_144, 4096, 1_048_576), .truncated(size: 24)),
            (hostile(1, 0, 0, 0), .signaturesMalformed),
            (hostile(0, 0, 0, 0), .unsupportedFormat(0)),
            (hostile(2, 0, 0, 0), .unsupportedFormat(2)),
            (hostile(0x0100_0000, 0, 0, 0), .unsupportedFormat(0x0100_0000)),
        ] as [([UInt8], BundleError)])
    func refusesHostileHeaders(bytes: [UInt8], error: BundleError) throws {
        #expect(Self.error(bytes, trust: try Self.trust()) == error)
        #expect(Self.error(bytes, trust: .unchecked) == error)
    }

    private static func hostile(_ numbers: UInt32...) -> [UInt8] {
        BundleHeader.magic + numbers.flatMap { littleEndian($0) }
    }

    @Test(arguments: [
        "[]", "{}", "null", "[{}]", "[null]", "[", "",
        #"[{"key":"21fe31dfa154a261"}]"#,
        #"[{"key":"21fe31dfa154a26","signature":"00"}]"#,
        #"[{"key":1,"signature":2}]"#,
    ])
    func refusesMalformedSignatures(text: String) async throws {
        let manifest = Array("{}".utf8)
        let bytes = BundleHeadParts(manifest: manifest, signatures: Array(text.utf8), chunkTable: []).encoded()
        #expect(Self.error(bytes, trust: try Self.trust()) == .signaturesMalformed)
    }

    /// A valid signature, spelled in another way than the one there is.
    @Test(arguments: [
        #"[{"signature":"S","key":"K"}]"#, #"[{"key":"K","signature":"S"} ]"#, #"[{"key":"K","signature":"S","x":1}]"#,
        #"[{"\u006bey":"K","signature":"S"}]"#,
    ])
    func refusesOtherSpellingsOfSignatures(pattern: String) throws {
        let key = try TestKeys.first
        let manifest = try ManifestTests.manifest()
        let canonical = String(decoding: SignatureList(signing: manifest, with: [key]).encoded(), as: UTF8.self)
        let json = try #require(try JSON(parsing: canonical).arrayValue?.first?.objectValue)
        let signatures = Array(
            pattern.replacing("K", with: json["key"]?.stringValue ?? "")
                .replacing("S", with: json["signature"]?.stringValue ?? "").utf8)
        let bytes =
            BundleHeadParts(manifest: manifest, signatures: signatures, chunkTable: HostileChunk().record).encoded()
            + HostileChunk.frame
        #expect(Self.error(bytes, trust: .keys([key.verificationKey])) == .signaturesMalformed)
    }

    @Test func refusesMoreSignaturesThanAllowed() throws {
        let manifest = Array("{}".utf8)
        let key = try TestKeys.first
        let keys = Array(repeating: key, count: SignatureList.maximumCount + 1)
        #expect(throws: BundleError.signaturesMalformed) {
            try SignatureList(decoding: SignatureList(signing: manifest, with: keys).encoded())
        }
        let most = SignatureList(signing: manifest, with: keys.dropLast()).encoded()
        #expect(most.count <= BundleHeader.maximumSignaturesSize)
        _ = try SignatureList(decoding: most)
    }

    /// A signature over the bare manifest, without the domain before it, is none.
    @Test func signatureIsBoundToItsPurpose() async throws {
        let bytes = try await SampleBundle.bytes(slotSize: 10)
        let header = try BundleHeader(decoding: bytes)
        let manifest = Array(bytes[BundleHeader.size...].prefix(header.manifestSize))
        let key = try TestKeys.first
        let signature: JSON = [
            "key": .string(key.verificationKey.id),
            "signature": .string(hexadecimal(key.signature(over: manifest))),
        ]
        let signatures = try JSON.array([signature]).serialized()
        #expect(signatures.count == header.signaturesSize)
        var forged = bytes
        let start = BundleHeader.size + header.manifestSize
        forged.replaceSubrange(start..<(start + signatures.count), with: signatures)
        #expect(Self.error(forged, trust: try Self.trust()) == .badSignature(keyID: key.verificationKey.id))
    }

    @Test func missingFileIsNamed() {
        #expect(throws: BundleError.file(FileError("open", "/nonexistent/b.apus", code: 2))) {
            _ = try BundleReader(path: "/nonexistent/b.apus", trust: .unchecked)
        }
    }
}
