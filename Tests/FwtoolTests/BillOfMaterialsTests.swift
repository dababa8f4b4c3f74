import Foundation
import JSON
import Testing

@testable import fwtool

/// Against the fields that SPDX 2.3 requires (spdx.github.io/spdx-spec/v2.3, clauses 6, 7 and 11).
struct BillOfMaterialsTests {
    static let bill = BillOfMaterials(
        product: "Station", version: "1.2.0+a~b", board: "rpi4",
        debian: [
            .init(
                name: "libstdc++6", version: "1:14.2.0-19", suite: "trixie",
                sha256: String(repeating: "0a", count: 32)),
            .init(name: "busybox-static", version: "1:1.37.0-6+b9", suite: "trixie", sha256: nil),
            .init(name: "libstdc--6", version: "1", suite: "trixie", sha256: nil),
        ],
        swift: [
            .init(
                name: "swift-log", location: "https://github.com/apple/swift-log.git", version: "1.6.4",
                revision: "ce592ae52f982c847a4efc0dd881cc9eb32d29f2"),
            .init(name: "branch", location: "https://example.com/a/branch", revision: "0123"),
            .init(name: "apus"),
        ], otherLibraries: ["libfoo.so.1"], created: 1_700_000_000)

    private func members(_ json: JSON?) throws -> JSON.Object { try #require(json?.objectValue) }

    @Test func hasWhatSPDXRequires() throws {
        let document = try members(JSON(parsing: Self.bill.document()))
        #expect(document["spdxVersion"] == "SPDX-2.3")
        #expect(document["dataLicense"] == "CC0-1.0")
        #expect(document["SPDXID"] == "SPDXRef-DOCUMENT")
        #expect(document["name"]?.stringValue?.isEmpty == false)
        let namespace = try #require(document["documentNamespace"]?.stringValue)
        #expect(URL(string: namespace)?.scheme == "https" && !namespace.contains("#"))
        let creation = try members(document["creationInfo"])
        #expect(creation["created"] == "2023-11-14T22:13:20Z")
        #expect(creation["creators"]?.arrayValue?.first?.stringValue?.hasPrefix("Tool: ") == true)

        var ids: Set<String> = ["SPDXRef-DOCUMENT"]
        for element in try #require(document["packages"]?.arrayValue) {
            let package = try members(element)
            let id = try #require(package["SPDXID"]?.stringValue)
            #expect(id.wholeMatch(of: #/SPDXRef-[A-Za-z0-9.-]+/#) != nil)
            #expect(ids.insert(id).inserted, "\(id) twice")
            #expect(package["name"]?.stringValue?.isEmpty == false)
            let location = try #require(package["downloadLocation"]?.stringValue)
            #expect(location == "NOASSERTION" || location.hasPrefix("git+https://"))
            #expect(package["filesAnalyzed"] == false)
            for reference in package["externalRefs"]?.arrayValue ?? [] {
                let reference = try members(reference)
                #expect(reference["referenceCategory"] == "PACKAGE-MANAGER")
                #expect(reference["referenceType"] == "purl")
                #expect(reference["referenceLocator"]?.stringValue?.hasPrefix("pkg:") == true)
            }
            for checksum in package["checksums"]?.arrayValue ?? [] {
                let checksum = try members(checksum)
                #expect(checksum["algorithm"] == "SHA256")
                #expect(checksum["checksumValue"]?.stringValue?.wholeMatch(of: #/[0-9a-f]{64}/#) != nil)
            }
        }
        #expect(ids.count == 9)
        let relationships = try #require(document["relationships"]?.arrayValue).map { try members($0) }
        #expect(
            relationships.first.map { JSON.object($0) } == [
                "spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES",
                "relatedSpdxElement": "SPDXRef-firmware",
            ])
        for relationship in relationships {
            #expect(ids.contains(relationship["spdxElementId"]?.stringValue ?? ""))
            #expect(ids.contains(relationship["relatedSpdxElement"]?.stringValue ?? ""))
            let type = relationship["relationshipType"]?.stringValue ?? ""
            #expect(["DESCRIBES", "CONTAINS", "DEPENDS_ON"].contains(type))
        }
        // Every package is reached from the document.
        #expect(Set(relationships.compactMap { $0["relatedSpdxElement"]?.stringValue }).count == ids.count - 1)
    }

    @Test func namesPackagesByTheirURL() throws {
        let text = String(decoding: try Self.bill.document(), as: UTF8.self)
        for purl in [
            "pkg:deb/debian/libstdc%2B%2B6@1%3A14.2.0-19?arch=arm64&distro=trixie",
            "pkg:swift/github.com/apple/swift-log@1.6.4", "pkg:swift/example.com/a/branch@0123",
            "git+https://github.com/apple/swift-log.git@ce592ae52f982c847a4efc0dd881cc9eb32d29f2",
        ] {
            #expect(text.contains("\"\(purl)\""), "\(purl) in \(text)")
        }
    }

    @Test func isReproducibleAndItsNamespaceIsItsContents() throws {
        var other = Self.bill
        other.debian.reverse()
        other.swift.reverse()
        #expect(try other.document() == Self.bill.document())
        func namespace(_ bill: BillOfMaterials) throws -> JSON? {
            try JSON(parsing: bill.document()).objectValue?["documentNamespace"]
        }
        other.debian[0].version = "2"
        #expect(try namespace(other) != namespace(Self.bill))
    }

    @Test func packagesAreReadBack() throws {
        let document = try #require(SPDXDocument(try Self.bill.document()))
        #expect(
            document.packages.map { "\($0.name) \($0.version)" } == [
                "Station-rpi4 1.2.0+a~b", "busybox-static 1:1.37.0-6+b9", "libstdc++6 1:14.2.0-19", "libstdc--6 1",
                "libfoo.so.1 ", "apus ", "branch 0123", "swift-log 1.6.4",
            ])
        #expect(SPDXDocument([]) == nil)
        #expect(SPDXDocument(Array("[]".utf8)) == nil)
        let hostile = SPDXDocument(Array(#"{"packages":[1,{"name":"a\u001b[2J","versionInfo":"\u202e1"}]}"#.utf8))
        #expect(hostile?.packages == [.init(name: "a[2J", version: "1")])
    }

    /// What only fwtool is made of is no part of a firmware.
    @Test func onlyWhatIsLinkedIsListed() throws {
        let app = try PlannedApp(
            pins: ["linked", "host", "elsewhere"], checkouts: ["linked": "Linked", "host": "Link"])
        let plan = try #require(BuildPlan(of: app.package))
        func names(_ sources: Set<String>?) throws -> [String] {
            try BillOfMaterials.swiftPackages(of: app.package, sources: sources).map(\.name)
        }
        #expect(try names(plan.sources(of: ["App"])) == ["linked", "elsewhere", "apus"])
        #expect(try names(nil) == ["linked", "host", "elsewhere", "apus"])
    }

    @Test func pinsAreRead() throws {
        let folder = try ScratchFolder()
        try Data("// swift-tools-version: 6.2".utf8).write(to: folder.url.appendingPathComponent("Package.swift"))
        try Data("product: A\n".utf8).write(to: folder.url.appendingPathComponent("apus.yaml"))
        let package = try AppPackage(folder: folder.url)
        #expect(try BillOfMaterials.swiftPackages(of: package, sources: nil) == [.init(name: "apus")])
        let file = folder.url.appendingPathComponent("Package.resolved")
        try Data(
            """
            {"originHash":"x","pins":[{"identity":"apus","kind":"remoteSourceControl","location":"https://x.y/apus",
            "state":{"revision":"abc","version":"1.0.0"}}],"version":3}
            """.utf8
        ).write(to: file)
        #expect(
            try BillOfMaterials.swiftPackages(of: package, sources: nil)
                == [.init(name: "apus", location: "https://x.y/apus", version: "1.0.0", revision: "abc")])
        try Data("{}".utf8).write(to: file)
        #expect(throws: FwtoolError.self) { try BillOfMaterials.swiftPackages(of: package, sources: nil) }
    }
}
