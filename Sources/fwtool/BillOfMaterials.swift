import Foundation
import JSON

/// What a firmware is made of, as an SPDX 2.3 document in JSON (ISO/IEC 5962:2021 with the additions of 2.3): the Debian
/// packages its files come from and the Swift packages its app was resolved with. The same inputs give the same bytes.
///
/// SPDX and not CycloneDX: both would do; SPDX is the ISO standard and what Debian's own tools read.
struct BillOfMaterials {
    struct DebianPackage: Equatable {
        var name: String
        var version: String
        var suite: String
        /// Of the package's file, 64 hexadecimal digits; nil where only the version is known.
        var sha256: String?
    }

    struct SwiftPackage: Equatable {
        var name: String
        /// Where it was fetched from; nil for a folder of this machine.
        var location: String?
        var version: String?
        var revision: String?
    }

    var product: String
    var version: String
    var board: String
    var debian: [DebianPackage]
    var swift: [SwiftPackage]
    /// Libraries of the image that no known package has, by file name: those of a Swift SDK that fwtool did not compose.
    var otherLibraries: [String]
    /// Seconds since 1970; SPDX wants to know when the document was made.
    var created: Int

    /// The time to write into it: `$SOURCE_DATE_EPOCH` (reproducible-builds.org), otherwise 1970, for a build must not
    /// depend on when it is made.
    static var sourceDate: Int {
        ProcessInfo.processInfo.environment["SOURCE_DATE_EPOCH"].flatMap { Int($0) } ?? 0
    }

    func document() throws -> [UInt8] {
        var packages: [JSON] = []
        var relationships: [JSON] = []
        let firmware = "SPDXRef-firmware"
        packages.append(
            package(
                id: firmware, name: "\(product)-\(board)", version: version,
                more: [("primaryPackagePurpose", "FIRMWARE")]))
        relationships.append(relationship("SPDXRef-DOCUMENT", "DESCRIBES", firmware))

        for item in debian.sorted(by: { ($0.name, $0.suite) < ($1.name, $1.suite) }) {
            let id = identifier("deb", item.name)
            var more: [(String, JSON)] = [
                ("supplier", "Organization: Debian"),
                (
                    "externalRefs",
                    [
                        purl(
                            "pkg:deb/debian/\(escaped(item.name))@\(escaped(item.version))?arch=arm64&distro=\(item.suite)"
                        )
                    ]
                ),
            ]
            if let sha256 = item.sha256 {
                more.append(("checksums", [["algorithm": "SHA256", "checksumValue": .string(sha256)]]))
            }
            packages.append(package(id: id, name: item.name, version: item.version, more: more))
            relationships.append(relationship(firmware, "CONTAINS", id))
        }
        for name in otherLibraries.sorted() {
            let id = identifier("lib", name)
            packages.append(package(id: id, name: name, version: nil, more: [("primaryPackagePurpose", "LIBRARY")]))
            relationships.append(relationship(firmware, "CONTAINS", id))
        }
        for item in swift.sorted(by: { $0.name < $1.name }) {
            let id = identifier("swift", item.name)
            var more: [(String, JSON)] = []
            if let location = item.location, let path = Self.swiftNamespace(location) {
                let version = item.version ?? item.revision
                more.append(
                    ("externalRefs", [purl("pkg:swift/\(path)" + (version.map { "@\(escaped($0))" } ?? ""))]))
            }
            let location = item.location.map { "git+\($0)" + (item.revision.map { "@\($0)" } ?? "") }
            packages.append(
                package(
                    id: id, name: item.name, version: item.version ?? item.revision, location: location, more: more))
            relationships.append(relationship(firmware, "DEPENDS_ON", id))
        }

        let content = JSON.array(packages + relationships)
        let hash = Hash.hex(of: Data(try content.serialized())).prefix(32)
        let document: JSON = [
            "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT",
            "name": .string("\(product) \(version) for \(board)"),
            // Unique to the content, as the specification wants it; nothing needs to be there.
            "documentNamespace": .string("https://spdx.org/spdxdocs/\(escaped(product))-\(escaped(version))-\(hash)"),
            "creationInfo": [
                "created": .string(Date(timeIntervalSince1970: Double(created)).formatted(.iso8601)),
                "creators": ["Tool: fwtool"],
            ],
            "packages": .array(packages), "relationships": .array(relationships),
        ]
        return try document.serialized()
    }

    private func package(
        id: String, name: String, version: String?, location: String? = nil, more: [(String, JSON)]
    ) -> JSON {
        var object = JSON.Object()
        object["SPDXID"] = .string(id)
        object["name"] = .string(name)
        object["versionInfo"] = version.map { .string($0) }
        object["downloadLocation"] = .string(location ?? "NOASSERTION")
        object["filesAnalyzed"] = false
        for (key, value) in more { object[key] = value }
        return .object(object)
    }

    private func relationship(_ from: String, _ type: String, _ to: String) -> JSON {
        ["spdxElementId": .string(from), "relationshipType": .string(type), "relatedSpdxElement": .string(to)]
    }

    /// A package URL (github.com/package-url/purl-spec).
    private func purl(_ text: String) -> JSON {
        ["referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": .string(text)]
    }

    /// SPDX identifiers have letters, digits, dots and hyphens only. Two names that differ elsewhere only stay apart.
    private func identifier(_ kind: String, _ name: String) -> String {
        let plain = name.unicodeScalars.map { isPlain($0) ? String($0) : "-\(String($0.value, radix: 16))" }.joined()
        return "SPDXRef-\(kind)-\(plain)"
    }

    private func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil || scalar == ".")
            || scalar == "-"
    }

    /// Percent-encoded as purl has it: all but letters, digits and `.-_~`.
    private func escaped(_ text: String) -> String {
        text.utf8.map { byte in
            let scalar = Unicode.Scalar(byte)
            return byte < 128 && (isPlain(scalar) || scalar == "_" || scalar == "~")
                ? String(scalar) : String(format: "%%%02X", byte)
        }.joined()
    }

    /// `github.com/apple/swift-log` of `https://github.com/apple/swift-log.git`; nil for what is no web address.
    private static func swiftNamespace(_ location: String) -> String? {
        guard let url = URL(string: location), let host = url.host, !url.path.isEmpty else { return nil }
        let path = url.path.hasSuffix(".git") ? String(url.path.dropLast(4)) : url.path
        return host + path
    }
}

extension BillOfMaterials {
    /// The pins of an app's Package.resolved (versions 2 and 3 of its format), and Apus itself where it is a folder.
    ///
    /// - Parameter sources: the files that the firmware was compiled from. Pins of which it has none, such as those of
    ///   fwtool, are left out; nil where that is unknown: then all are there.
    static func swiftPackages(of package: AppPackage, sources: Set<String>?) throws -> [SwiftPackage] {
        struct Resolved: Decodable {
            struct Pin: Decodable {
                struct State: Decodable {
                    var version: String?
                    var revision: String?
                }
                var identity: String
                var location: String
                var state: State
            }
            var pins: [Pin]
        }
        let file = package.folder.appendingPathComponent("Package.resolved")
        var pins: [SwiftPackage] = []
        if let data = try? Data(contentsOf: file) {
            guard let resolved = try? JSONDecoder().decode(Resolved.self, from: data) else {
                throw FwtoolError(
                    "\(file.path) is not understood", remedy: "make it anew: swift package resolve")
            }
            pins = resolved.pins.map { pin in
                SwiftPackage(
                    name: pin.identity, location: pin.location, version: pin.state.version,
                    revision: pin.state.revision)
            }
        }
        if let sources {
            let checkouts = checkouts(of: package)
            pins.removeAll { pin in
                guard let folder = checkouts[pin.name] else { return false }
                return !sources.contains { $0.hasPrefix(folder.path + "/") }
            }
        }
        if !pins.contains(where: { $0.name == "apus" }) { pins.append(SwiftPackage(name: "apus")) }
        return pins
    }

    /// Where SwiftPM has put the packages it fetched, by identity; none where it does not tell.
    private static func checkouts(of package: AppPackage) -> [String: URL] {
        var folders: [String: URL] = [:]
        for dependency in WorkspaceState(of: package)?.dependencies ?? [] where !dependency.isLocal {
            folders[dependency.identity] = dependency.folder
        }
        return folders
    }

    /// The packages of an SDK that the given libraries come from, and the libraries that none of them has.
    static func packages(
        of libraries: [String], sdk: InstalledSDK, store: PackageStore
    ) throws -> (packages: [DebianPackage], others: [String]) {
        var left = Set(libraries)
        var packages: [DebianPackage] = []
        for (name, version) in (sdk.manifest?.packages ?? [:]).sorted(by: { $0.key < $1.key }) {
            let parts = name.split(separator: "/").map(String.init)
            guard parts.count == 2, !parts[0].hasSuffix("-dev"), parts[0] != "swiftlang" else { continue }
            let files = try store.fileNames(of: PackageName(name: parts[0], suite: parts[1]))
            guard !files.isDisjoint(with: libraries) else { continue }
            left.subtract(files)
            // Without a hash: the SDK's record has none, and the mirror may have moved on since it was composed.
            packages.append(DebianPackage(name: parts[0], version: version, suite: parts[1], sha256: nil))
        }
        return (packages, left.sorted())
    }
}
