import Foundation

/// The Swift toolchain on the PATH of the developer's machine.
struct SwiftToolchain {
    /// As `swiftc --version` says, for people and for the SDK's manifest.
    var versionLine: String
    var version: SwiftVersion
    /// `usr/lib/swift` of the toolchain, where its own headers and interfaces lie.
    var resources: URL
    /// e.g. `x86_64-unknown-linux-gnu`.
    var triple: String

    private struct TargetInfo: Decodable {
        struct Target: Decodable { var unversionedTriple: String }
        struct Paths: Decodable { var runtimeResourcePath: String }
        var compilerVersion: String
        var target: Target
        var paths: Paths
    }

    static func onPath() throws -> SwiftToolchain {
        guard let compiler = Command.find("swiftc") else {
            throw FwtoolError("no Swift toolchain is on the PATH", remedy: "install Swift 6.2 or later from swift.org")
        }
        let text = try targetInfo(URL(fileURLWithPath: compiler).resolvingSymlinksInPath())
        guard let info = try? JSONDecoder().decode(TargetInfo.self, from: Data(text.utf8)),
            let version = SwiftVersion(in: info.compilerVersion)
        else {
            throw FwtoolError(
                "the answer of swiftc -print-target-info is not understood",
                remedy: "install Swift 6.2 or later from swift.org")
        }
        return SwiftToolchain(
            versionLine: info.compilerVersion, version: version,
            resources: URL(fileURLWithPath: info.paths.runtimeResourcePath), triple: info.target.unversionedTriple)
    }

    /// Kept for as long as the compiler stays the same file. A launcher that chooses between toolchains is another
    /// program under the same name, and is asked each time.
    private static func targetInfo(_ compiler: URL) throws -> String {
        let ask = Command("swiftc", ["-print-target-info"])
        guard compiler.lastPathComponent.hasPrefix("swift-"),
            let attributes = try? FileManager.default.attributesOfItem(atPath: compiler.path),
            let size = attributes[.size] as? Int, let changed = attributes[.modificationDate] as? Date
        else { return try ask.run() }
        let inputs = ["1", compiler.path, String(size), String(changed.timeIntervalSince1970)]
        let file = try ArtifactCache.file("target-info", inputs: inputs) { file in
            try ask.run().write(to: file, atomically: true, encoding: .utf8)
        }
        return try String(contentsOf: file, encoding: .utf8)
    }

    /// `usr/bin/swift-frontend` of the toolchain.
    var frontend: URL {
        resources.deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("bin/swift-frontend")
    }

    /// A tool of the toolchain (llvm-objcopy, …), else the one on the PATH.
    func tool(_ name: String) -> String {
        let own = frontend.deletingLastPathComponent().appendingPathComponent(name).path
        return FileManager.default.isExecutableFile(atPath: own) ? own : name
    }
}
