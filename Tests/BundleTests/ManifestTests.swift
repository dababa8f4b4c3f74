import JSON
import Testing

@testable import Bundle

/// Manifests that a trusted key signed and that are wrong all the same: a reader must not trust the signer's program.
struct ManifestTests {
    static func payload(name: JSON = "slot", size: JSON = 100, sha256: JSON? = nil, chunks: JSON? = 1) -> JSON {
        var object = JSON.Object()
        object["name"] = name
        object["size"] = size
        object["sha256"] = sha256 ?? .string(SHA256.digest(of: HostileChunk.content).description)
        object["chunks"] = chunks
        return .object(object)
    }

    /// A manifest that is right but for the member given.
    static func manifest(_ name: String? = nil, _ value: JSON? = nil, table: [UInt8] = HostileChunk().record) throws
        -> [UInt8]
    {
        var object = JSON.Object()
        object["format"] = 1
        object["product"] = "p"
        object["version"] = "1"
        object["board"] = "b"
        object["payloads"] = [payload()]
        object["chunkTable"] = .string(SHA256.digest(of: table).description)
        object["metadata"] = [:]
        if let name { object[name] = value }
        return try SampleBundle.manifest(.object(object))
    }

    static func error(_ manifest: [UInt8], chunks: [HostileChunk] = [HostileChunk()]) throws -> BundleError? {
        let key = try TestKeys.first
        let bytes = SampleBundle.assemble(
            manifest: manifest, table: chunks.flatMap(\.record), key: key, chunks: chunks.map(\.stored))
        return BundleDamageTests.error(bytes, trust: .keys([key.verificationKey]))
    }

    @Test func theUnchangedManifestIsAccepted() throws {
        #expect(try Self.error(Self.manifest()) == nil)
        #expect(try Self.error(Self.manifest("minimum", ["version": "1.0", "bootInterface": 2, "later": []])) == nil)
        #expect(
            try Manifest(decoding: Self.manifest("minimum", ["bootInterface": 2])).minimum
                == Manifest.Minimum(bootInterface: 2))
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
            ("chunkTable", nil), ("chunkTable", 1), ("chunkTable", ""),
            ("chunkTable", .string(SHA256.digest(of: []).description)),
            ("minimum", "1"), ("minimum", []), ("minimum", ["version": 1]),
            ("minimum", ["version": "a b"]), ("minimum", ["bootInterface": 0]), ("minimum", ["bootInterface": "1"]),
            ("minimum", ["bootInterface": .integer(.max)]), ("minimum", ["bootInterface": .integer(.min)]),
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
        let chunks = [HostileChunk(), HostileChunk()]
        #expect(
            try Self.error(Self.manifest("payloads", twice, table: chunks.flatMap(\.record)), chunks: chunks)
                == .manifestMalformed("payload boot/A occurs twice"))
    }

    @Test(arguments: [
        payload(size: 101), payload(size: 0), payload(size: -100), payload(size: .integer(.max)),
        payload(size: .integer(.min)), payload(size: "100"), payload(size: 100.0), payload(sha256: "00"),
        payload(sha256: "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"),
        payload(chunks: nil), payload(chunks: []), payload(chunks: "1"), payload(chunks: 1.0), payload(chunks: 0),
        payload(chunks: 2), payload(chunks: -1), payload(chunks: 18_724), payload(chunks: 18_725),
        payload(chunks: .integer(.max)), payload(chunks: .integer(.min)),
    ])
    func refusesPayloads(payload: JSON) throws {
        guard case .manifestMalformed = try Self.error(Self.manifest("payloads", [payload])) else {
            Issue.record("accepted")
            return
        }
    }

    /// Counts whose sum is right though each is wrong, and as many payloads as a manifest can hold with as many chunks
    /// as a payload can have: no overflow.
    @Test func refusesCountsThatDoNotFitTheTable() throws {
        let wrong: JSON = [Self.payload(name: "a", chunks: 2), Self.payload(name: "b", chunks: 0)]
        let two = [HostileChunk(), HostileChunk()]
        #expect(
            try Self.error(Self.manifest("payloads", wrong, table: two.flatMap(\.record)), chunks: two)
                == .manifestMalformed("the chunks of payload a are not as long as the payload"))
        let many = JSON.array((0..<1500).map { Self.payload(name: .string("p\($0)"), chunks: 18_724) })
        #expect(
            try Self.error(Self.manifest("payloads", many))
                == .manifestMalformed("its chunk table has not as many chunks as the payloads"))
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
