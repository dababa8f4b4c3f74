import Foundation

/// A Swift SDK that `swift sdk install` has put on this machine.
struct InstalledSDK {
    var name: String
    var sysroot: URL
    /// Where the runtime's shared libraries lie: `RESOURCES/linux/*.so`.
    var resources: URL
    /// Only for SDKs that fwtool composed.
    var manifest: SDKBundle.Manifest?

    /// What SwiftPM answered once about an SDK: asking takes half a second, of every build.
    private struct Record: Codable {
        var sysroot: String
        var resources: String
    }

    private static func record(of name: String) throws -> URL {
        try CacheDirectory.folder("installed").appendingPathComponent("\(name).json")
    }

    private static func known(_ name: String) -> InstalledSDK? {
        guard let file = try? record(of: name), let data = try? Data(contentsOf: file),
            let record = try? JSONDecoder().decode(Record.self, from: data),
            // Removed or moved behind our back: ask again.
            FileManager.default.fileExists(atPath: record.sysroot)
        else { return nil }
        return InstalledSDK(
            name: name, sysroot: URL(fileURLWithPath: record.sysroot),
            resources: URL(fileURLWithPath: record.resources))
    }

    private init(name: String, sysroot: URL, resources: URL) {
        self.name = name
        self.sysroot = sysroot
        self.resources = resources
        let bundle = sysroot.deletingLastPathComponent().deletingLastPathComponent()
        manifest = try? SDKBundle.manifest(of: bundle)
    }

    static func names() throws -> [String] {
        try Command("swift", ["sdk", "list"]).run().split(separator: "\n").map {
            $0.trimmingCharacters(in: .whitespaces)
        }.filter { !$0.isEmpty && !$0.contains(" ") }
    }

    /// Those that fwtool composed.
    static func own() throws -> [InstalledSDK] {
        try names().filter { $0.hasPrefix("apus-") }.compactMap { try? find($0) }
    }

    static func find(_ name: String) throws -> InstalledSDK {
        if let known = known(name) { return known }
        guard try names().contains(name) else {
            throw FwtoolError("the Swift SDK '\(name)' is not installed", remedy: "see: swift sdk list")
        }
        let text = try Command("swift", ["sdk", "configure", "--show-configuration", name, SDKBundle.triple]).run()
        func path(_ key: String) -> String? {
            text.split(separator: "\n").first { $0.hasPrefix("\(key): ") }.map { String($0.dropFirst(key.count + 2)) }
        }
        guard let sysroot = path("sdkRootPath"), let resources = path("swiftResourcesPath") else {
            throw FwtoolError(
                "the Swift SDK '\(name)' has no target \(SDKBundle.triple)",
                remedy: "name one for \(SDKBundle.triple), or leave --swift-sdk away to use fwtool's own")
        }
        let record = Record(sysroot: sysroot, resources: resources)
        try JSONEncoder().encode(record).write(to: try self.record(of: name), options: .atomic)
        return InstalledSDK(
            name: name, sysroot: URL(fileURLWithPath: sysroot), resources: URL(fileURLWithPath: resources))
    }

    /// The SDK to build with: the one named, else fwtool's own for the compiler on this machine.
    static func choose(_ name: String?, toolchain: SwiftToolchain) throws -> InstalledSDK {
        if let name { return try find(name) }
        let folder = try CacheDirectory.folder("installed").path
        let recorded = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
            .filter { $0.hasPrefix("apus-") }.compactMap { known(($0 as NSString).deletingPathExtension) }
        if let fitting = recorded.last(where: { $0.manifest?.compiler == toolchain.versionLine }) { return fitting }
        let own = try own()
        if let fitting = own.last(where: { $0.manifest?.compiler == toolchain.versionLine }) { return fitting }
        if let other = own.last {
            throw FwtoolError(
                "the Swift SDK \(other.name) was composed for another compiler (\(other.manifest?.compiler ?? "unknown"))",
                remedy: "compose it anew: fwtool sdk install")
        }
        throw FwtoolError("no Swift SDK for the device is installed", remedy: "run: fwtool sdk install")
    }
}
