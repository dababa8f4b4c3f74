import Foundation

/// A Swift SDK that `swift sdk install` has put on this machine.
struct InstalledSDK {
    var name: String
    var sysroot: URL
    /// Where the runtime's shared libraries lie: `RESOURCES/linux/*.so`.
    var resources: URL
    /// Only for SDKs that fwtool composed.
    var manifest: SDKBundle.Manifest?

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
        guard try names().contains(name) else {
            throw FwtoolError("the Swift SDK '\(name)' is not installed", remedy: "see: swift sdk list")
        }
        let text = try Command("swift", ["sdk", "configure", "--show-configuration", name, SDKBundle.triple]).run()
        func path(_ key: String) -> URL? {
            text.split(separator: "\n").first { $0.hasPrefix("\(key): ") }
                .map { URL(fileURLWithPath: String($0.dropFirst(key.count + 2))) }
        }
        guard let sysroot = path("sdkRootPath"), let resources = path("swiftResourcesPath") else {
            throw FwtoolError(
                "the Swift SDK '\(name)' has no target \(SDKBundle.triple)",
                remedy: "name one for \(SDKBundle.triple), or leave --swift-sdk away to use fwtool's own")
        }
        let bundle = sysroot.deletingLastPathComponent().deletingLastPathComponent()
        return InstalledSDK(
            name: name, sysroot: sysroot, resources: resources, manifest: try? SDKBundle.manifest(of: bundle))
    }

    /// The SDK to build with: the one named, else fwtool's own for the compiler on this machine.
    static func choose(_ name: String?, toolchain: SwiftToolchain) throws -> InstalledSDK {
        if let name { return try find(name) }
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
