import JSON

extension Manifest {
    /// Describes new content. Metadata is sorted by name, so that the same content always gives the same bytes.
    init(
        product: String, version: String, board: String, payloads: [Payload], chunkTable: SHA256.Digest,
        minimum: Minimum, metadata: [String: String]
    ) throws(BundleError) {
        var texts = JSON.Object()
        for (name, value) in metadata.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            texts[name] = .string(value)
        }
        var object = JSON.Object()
        object["format"] = .integer(Int64(BundleHeader.format))
        object["product"] = .string(product)
        object["version"] = .string(version)
        object["board"] = .string(board)
        object["payloads"] = .array(payloads.map(\.json))
        object["chunkTable"] = .string(chunkTable.description)
        if minimum != Minimum() {
            var members = JSON.Object()
            members["version"] = minimum.version.map { .string($0) }
            members["bootInterface"] = minimum.bootInterface.map { .integer(Int64($0)) }
            object["minimum"] = .object(members)
        }
        object["metadata"] = .object(texts)
        object["id"] = .string(try Self.id(of: object))
        do throws(BundleError) {
            try self.init(.object(object))
        } catch {
            guard case .manifestMalformed(let reason) = error else { throw error }
            throw .invalidContent(reason)
        }
    }

    /// - Parameter bytes: canonical JSON, at most ``BundleHeader/maximumManifestSize`` bytes of it.
    init(decoding bytes: [UInt8]) throws(BundleError) {
        let json: JSON
        do throws(JSONParseError) {
            json = try JSON(parsing: bytes)
        } catch {
            throw .manifestMalformed(error.description)
        }
        guard (try? json.serialized()) == bytes else { throw .manifestMalformed("not in canonical form") }
        try self.init(json)
    }

    func encoded() throws(BundleError) -> [UInt8] {
        guard let bytes = try? json.serialized() else { throw .manifestMalformed("a number is not finite") }
        return bytes
    }

    private init(_ json: JSON) throws(BundleError) {
        guard let object = json.objectValue else { throw .manifestMalformed("not an object") }
        guard object["format"] == .integer(Int64(BundleHeader.format)) else {
            throw .manifestMalformed("its format is not that of the bundle")
        }
        func text(_ name: String) throws(BundleError) -> String {
            guard let value = object[name]?.stringValue, isIdentifier(value) else {
                throw .manifestMalformed(
                    "\(name) must be 1 to 64 letters, digits or ._+~- and begin with a letter or digit")
            }
            return value
        }
        product = try text("product")
        version = try text("version")
        board = try text("board")

        var content = object
        content["id"] = nil
        id = try Self.id(of: content)
        guard object["id"] == .string(id) else { throw .manifestMalformed("its id is not that of its content") }

        guard let elements = object["payloads"]?.arrayValue else { throw .manifestMalformed("it has no payloads") }
        var payloads: [Payload] = []
        var names: Set<String> = []
        for element in elements {
            let payload = try Payload(element)
            // FAT does not tell upper from lower case.
            guard names.insert(payload.name.lowercased()).inserted else {
                throw .manifestMalformed("payload \(payload.name) occurs twice")
            }
            payloads.append(payload)
        }
        self.payloads = payloads

        guard let chunkTable = digest(object["chunkTable"]) else {
            throw .manifestMalformed("it does not name its chunk table")
        }
        self.chunkTable = chunkTable

        minimum = try Minimum(object["minimum"])

        guard let texts = object["metadata"]?.objectValue else { throw .manifestMalformed("it has no metadata") }
        var metadata: [String: String] = [:]
        for member in texts.members {
            guard let value = member.value.stringValue, isPrintable(member.name), isPrintable(value) else {
                throw .manifestMalformed("metadata must be texts without control characters")
            }
            metadata[member.name] = value
        }
        self.metadata = metadata
        self.json = json
    }

    private static func id(of content: JSON.Object) throws(BundleError) -> String {
        guard let bytes = try? JSON.object(content).serialized() else {
            throw .manifestMalformed("a number is not finite")
        }
        return SHA256.digest(of: bytes).description
    }
}

extension Manifest.Minimum {
    /// - Parameter json: nil where the manifest has no such member.
    fileprivate init(_ json: JSON?) throws(BundleError) {
        guard let json else {
            self.init()
            return
        }
        guard let object = json.objectValue else { throw .manifestMalformed("minimum must be an object") }
        var version: String?
        if let value = object["version"] {
            guard let text = value.stringValue, isIdentifier(text) else {
                throw .manifestMalformed("minimum.version must be a version")
            }
            version = text
        }
        var bootInterface: Int?
        if let value = object["bootInterface"] {
            guard let number = value.integerValue, (1...1_000_000).contains(number) else {
                throw .manifestMalformed("minimum.bootInterface must be a number from 1 to 1000000")
            }
            bootInterface = Int(number)
        }
        self.init(version: version, bootInterface: bootInterface)
    }
}

extension Manifest.Payload {
    fileprivate init(_ json: JSON) throws(BundleError) {
        guard let object = json.objectValue, let name = object["name"]?.stringValue, isPayloadName(name) else {
            throw .manifestMalformed("a payload's name must be a relative path of letters, digits and ._+-")
        }
        guard let size = object["size"]?.integerValue, size >= 0, let sha256 = digest(object["sha256"]),
            let chunkCount = object["chunks"]?.integerValue,
            (0...Int64(ChunkTable.maximumSize / ChunkTable.recordSize)).contains(chunkCount)
        else { throw .manifestMalformed("payload \(name) has no valid size, sha256 or number of chunks") }
        self.init(name: name, size: Int(size), sha256: sha256, chunkCount: Int(chunkCount))
    }

    fileprivate var json: JSON {
        [
            "name": .string(name), "size": .integer(Int64(size)), "sha256": .string(sha256.description),
            "chunks": .integer(Int64(chunkCount)),
        ]
    }
}

private func digest(_ json: JSON?) -> SHA256.Digest? {
    json?.stringValue.flatMap { SHA256.Digest(hexadecimal: $0) }
}

private func isLetterOrDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "a")...UInt8(ascii: "z"):
        true
    default: false
    }
}

/// Whether a text can name a product, a version or a board: fit for file names, topics and terminals.
private func isIdentifier(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count) && text.utf8.first.map(isLetterOrDigit) == true
        && text.utf8.allSatisfy { isLetterOrDigit($0) || "._+~-".utf8.contains($0) }
}

/// Whether a payload may have this name: one or more parts of a path below some folder, at most 128 bytes.
///
/// A part must not end with a dot: that leaves out `.` and `..`, and FAT drops dots at the end.
private func isPayloadName(_ name: String) -> Bool {
    guard name.utf8.count <= 128 else { return false }
    return name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).allSatisfy { part in
        !part.isEmpty && part.last != UInt8(ascii: ".")
            && part.allSatisfy { isLetterOrDigit($0) || "._+-".utf8.contains($0) }
    }
}

/// Whether a text can go to a terminal: no control characters and none that turn the direction of writing.
private func isPrintable(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy {
        switch $0.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: false
        default: true
        }
    }
}
