import JSON
import Testing

@testable import Bundle

/// Manifests that a trusted key signed and that are wrong all the same: a reader must not trust the signer's program.
struct ManifestTests {
    static let content = Array("hello".utf8)
    static let stored = Zstandard.compress(content)

    static func chunk(size: JSON = 5, stored: [UInt8] = stored, storedSize: JSON? = nil, sha256: JSON? = nil) -> JSON {
        [
            "size": size, "sha256": sha256 ?? .string(SHA256.digest(of: content).description),
            "storedSize": storedSize ?? .integer(Int64(stored.count)),
            "storedSHA256": .string(SHA256.digest(of: stored).description),
        ]
    }

    static func payload(name: JSON = "slot", size: JSON = 5, sha256: JSON? = nil, chunks: JSON? = nil) -> JSON {
        [
            "name": name, "size": size, "sha256": sha256 ?? .string(SHA256.digest(of: content).description),
            "chunks": chunks ?? [chunk()],
        ]
    }

    /// A manifest that is right but for the member given.
    static func manifest(_ name: String? = nil, _ value: JSON? = nil) throws -> [UInt8] {
        var object = JSON.Object()
        object["format"] = 1
        object["product"] = "p"
        object["version"] = "1"
        object["board"] = "b"
        object["payloads"] = [payload()]
        object["metadata"] = [:]
        if let name { object[name] = value }
        return try SampleBundle.manifest(.object(object))
    }

    static func error(_ manifest: [UInt8], chunks: [[UInt8]] = [stored]) throws -> BundleError? {
        let key = try TestKeys.first
        let bytes = SampleBundle.assemble(manifest: manifest, key: key, chunks: chunks)
        return BundleDamageTests.error(bytes, trust: .keys([key.verificationKey]))
    }

    @Test func theUnchangedManifestIsAccepted() throws {
        #expect(try Self.error(Self.manifest()) == nil)
        // Members of a later version are passed over.
        #expect(try Self.error(Self.manifest("nickname", "brave-otter")) == nil)
        #expect(try Manifest(decoding: Self.manifest("nickname", "x")).json.objectValue?["nickname"] == "x")
    }

    @Test(
        arguments: [
            ("format", nil), ("format", 2), ("format", "1"), ("format", 1.0),
            ("product", nil), ("product", ""), ("product", 1), ("product", "a b"), ("product", "../x"),
            ("product", ".x"),
            ("product", .string(String(repeating: "x", count: 65))), ("product", "\u{1B}[2J"), ("product", "ä"),
            ("version", nil), ("version", "-1"), ("board", nil), ("board", "a/b"), ("board", []),
            ("payloads", nil), ("payloads", [:]), ("payloads", [1]), ("payloads", [[:]]),
            ("metadata", nil), ("metadata", []), ("metadata", ["a": 1]), ("metadata", ["a": "\u{1B}[2J"]),
            ("metadata", ["a": "x\ny"]), ("metadata", ["a\u{202E}b": "x"]), ("metadata", ["a": "\u{2028}"]),
        ] as [(String, JSON?)])
    func refusesMembers(name: String, value: JSON?) throws {
        guard case .manifestMalformed = try Self.error(Self.manifest(name, value)) else {
            Issue.record("accepted")
            return
        }
    }

    @Test(arguments: [
        "", "/", "/slot", "slot/", "boot//x", ".", "..", "../x", "boot/../x", "boot/./x", "boot/x.", "a b", "a\\b",
        "C:x", "boot/\u{0}", "boot/ä", "boot/a*", String(repeating: "x", count: 129),
    ])
    func refusesPayloadNames(name: String) throws {
        guard case .manifestMalformed = try Self.error(Self.manifest("payloads", [Self.payload(name: .string(name))]))
        else {
            Issue.record("accepted")
            return
        }
    }

    @Test(arguments: ["slot", "boot/config.txt", "boot/overlays/a+b_c-d.dtbo", "boot/.hidden", "future"])
    func acceptsPayloadNames(name: String) throws {
        #expect(try Self.error(Self.manifest("payloads", [Self.payload(name: .string(name))])) == nil)
    }

    @Test func refusesNamesThatAreOneOnFAT() throws {
        let twice: JSON = [Self.payload(name: "boot/a"), Self.payload(name: "boot/A")]
        #expect(
            try Self.error(Self.manifest("payloads", twice), chunks: [Self.stored, Self.stored])
                == .manifestMalformed("payload boot/A occurs twice"))
    }

    @Test(arguments: [
        payload(size: 6), payload(size: 0), payload(size: -5), payload(size: .integer(.max)), payload(size: "5"),
        payload(size: 5.0), payload(chunks: []), payload(chunks: [:]), payload(sha256: "00"),
        payload(sha256: nil as JSON),
        payload(chunks: [[:]]), payload(chunks: [5]),
        payload(size: 0, chunks: [chunk(size: 0)]),
        payload(size: -5, chunks: [chunk(size: -5)]),
        payload(size: 1_048_577, chunks: [chunk(size: 1_048_577)]),
        payload(size: .integer(.max), chunks: [chunk(size: .integer(.max))]),
        payload(chunks: [chunk(storedSize: 0)]),
        payload(chunks: [chunk(storedSize: -1)]),
        payload(chunks: [chunk(storedSize: 1_052_673)]),
        payload(chunks: [chunk(storedSize: .integer(.max))]),
        payload(chunks: [chunk(storedSize: .integer(.min))]),
        payload(chunks: [chunk(sha256: "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855")]),
    ])
    func refusesPayloads(payload: JSON) throws {
        guard case .manifestMalformed = try Self.error(Self.manifest("payloads", [payload])) else {
            Issue.record("accepted")
            return
        }
    }

    /// Lengths that are allowed but not true end in a named error and take no more memory than one chunk.
    @Test func declaredSizesThatAreNotThere() throws {
        let huge = Self.payload(
            size: .integer(1000 * 1_048_576),
            chunks: .array(Array(repeating: Self.chunk(size: 1_048_576, storedSize: 1_052_672), count: 1000)))
        guard case .truncated = try Self.error(Self.manifest("payloads", [huge])) else {
            Issue.record("accepted")
            return
        }
    }

    /// Chunks whose stored form is as signed but whose content is not: more than declared (a compression bomb), less,
    /// other, or no compressed data at all.
    @Test(arguments: [
        Zstandard.compress([UInt8](repeating: 0, count: 2_000_000)),
        Zstandard.compress(Array("hell".utf8)),
        Zstandard.compress(Array("jello".utf8)),
        Zstandard.compress([]),
        Array("hello".utf8),
        Array(stored.dropLast()),
        [0x28, 0xB5, 0x2F, 0xFD, 0xE0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
    ])
    func refusesChunksThatHoldSomethingElse(stored: [UInt8]) throws {
        let payload = Self.payload(chunks: [Self.chunk(stored: stored)])
        #expect(
            try Self.error(Self.manifest("payloads", [payload]), chunks: [stored])
                == .chunkDamaged(payload: "slot", index: 0))
    }

    @Test func refusesAPayloadHashThatDoesNotFitItsChunks() throws {
        let payload = Self.payload(sha256: .string(SHA256.digest(of: []).description))
        #expect(try Self.error(Self.manifest("payloads", [payload])) == .payloadInconsistent("slot"))
    }

    @Test func refusesOtherSpellings() throws {
        let canonical = try Self.manifest()
        let json = try JSON(parsing: canonical)
        #expect(try Self.error(json.serialized(.pretty)) == .manifestMalformed("not in canonical form"))
        #expect(try Self.error(canonical + [0x20]) == .manifestMalformed("not in canonical form"))
        guard case .manifestMalformed = try Self.error(Array(canonical.dropLast())) else {
            Issue.record("accepted")
            return
        }
        #expect(try Self.error(Array("[1]".utf8)) == .manifestMalformed("not an object"))
    }

    @Test func refusesAnIdThatIsNotTheContents() throws {
        var object = try #require(try JSON(parsing: try Self.manifest()).objectValue)
        for id in [nil, 1, "", "00", .string(SHA256.digest(of: []).description)] as [JSON?] {
            object["id"] = id
            #expect(
                try Self.error(JSON.object(object).serialized())
                    == .manifestMalformed("its id is not that of its content"))
        }
    }
}
