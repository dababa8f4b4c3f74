import Bundle
import Foundation
import Testing

@testable import fwtool

struct AppPackageTests {
    private func folder(manifest: String?, yaml: String? = nil) throws -> ScratchFolder {
        let folder = try ScratchFolder()
        try manifest?.write(
            to: folder.url.appendingPathComponent("Package.swift"), atomically: true, encoding: .utf8)
        try yaml?.write(to: folder.url.appendingPathComponent("apus.yaml"), atomically: true, encoding: .utf8)
        return folder
    }

    @Test func readsProductVersionAndDefaults() throws {
        let folder = try folder(
            manifest: "// swift-tools-version: 6.2",
            yaml: "product: Station\nversion: 1.2.0-rc.1\nconfig:\n  broker: mqtt://b:1883\n  led.line: GPIO27\n")
        let package = try AppPackage(folder: folder.url)
        #expect(package.product == "Station")
        #expect(package.version == "1.2.0-rc.1")
        #expect(package.configuration.map { "\($0.key)=\($0.value)" } == ["broker=mqtt://b:1883", "led.line=GPIO27"])
    }

    @Test func aVersionOnTheCommandLineCountsBeforeTheFiles() throws {
        let folder = try folder(manifest: "// swift-tools-version: 6.2", yaml: "product: Station\nversion: 1.2.0\n")
        #expect(try AppPackage(folder: folder.url, version: "2.0").version == "2.0")
        let error = #expect(throws: FwtoolError.self) { try AppPackage(folder: folder.url, version: "2/0") }
        #expect(error?.cause == "'2/0' is no version")
    }

    @Test func readsTheOldestVersionAndTrustedKeys() throws {
        let folder = try folder(
            manifest: "// swift-tools-version: 6.2", yaml: "product: A\nminimum: 1.0.0\ntrust: [keys/next.pub]\n")
        let keys = folder.url.appendingPathComponent("keys")
        try FileManager.default.createDirectory(at: keys, withIntermediateDirectories: true)
        let error = #expect(throws: FwtoolError.self) { try AppPackage(folder: folder.url) }
        #expect(error?.description.contains("apus.yaml:3:9") == true, "\(error?.description ?? "")")
        #expect(error?.description.contains("No such file") == true)
        let key = SigningKey().verificationKey
        try key.write(toNewFile: keys.appendingPathComponent("next.pub").path)
        let package = try AppPackage(folder: folder.url)
        // And what every firmware needs: a boot partition that can start its slot.
        #expect(package.minimum == Manifest.Minimum(version: "1.0.0", bootInterface: 1))
        #expect(package.trusted == [key])
    }

    @Test(arguments: [
        ("produkt: A\n", "apus.yaml:1:1", "did you mean 'product'"),
        ("product: A\nversion: ../../x\n", "apus.yaml:2:10", "'version' must be"),
        ("product: A\nminimum: a/b\n", "apus.yaml:2:10", "'minimum' must be"),
        ("product: A\ntrust: next.pub\n", "apus.yaml:2:8", "must be a list"),
        ("product: A\nconfig: [1]\n", "apus.yaml:2:9", "mapping"),
        ("product: A\nconfig:\n  a b: c\n", "apus.yaml:3:3", "must be a word"),
    ])
    func refusesWhatItDoesNotUnderstandWithFileAndLine(yaml: String, place: String, words: String) throws {
        let folder = try folder(manifest: "// swift-tools-version: 6.2", yaml: yaml)
        let error = #expect(throws: FwtoolError.self) { try AppPackage(folder: folder.url) }
        #expect(error?.description.contains(place) == true, "\(error?.description ?? "")")
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    }

    @Test func aFolderWithoutAPackageIsRefused() throws {
        let folder = try folder(manifest: nil)
        let error = #expect(throws: FwtoolError.self) { try AppPackage(folder: folder.url) }
        #expect(error?.cause.hasSuffix("has no Package.swift") == true)
    }
}
