import Foundation

/// Composes the cross SDK: a Swift SDK artifact bundle (SE-0387) for aarch64-unknown-linux-gnu out of Debian's arm64
/// packages, with the Swift modules prebuilt by the compiler that will use them.
///
/// Layout: `NAME.artifactbundle/{info.json,apus-sdk.json,aarch64-unknown-linux-gnu/{swift-sdk.json,toolset.json,sysroot/}}`.
struct SDKBundle {
    static let triple = "aarch64-unknown-linux-gnu"

    /// C libraries and headers an app may link; Debian 13's names.
    static let libraries = [
        "libc6", "libc6-dev", "linux-libc-dev", "libcrypt1", "libcrypt-dev", "libgcc-s1", "libgcc-14-dev", "libstdc++6",
        "libstdc++-14-dev", "libgpiod3", "libgpiod-dev", "libi2c0", "libi2c-dev", "libssl3t64", "libssl-dev",
        "libmosquitto1", "libmosquitto-dev", "libcares2", "libsqlite3-0", "libsqlite3-dev", "zlib1g", "zlib1g-dev",
        "libzstd1", "libzstd-dev",
    ]

    /// The modules that have a textual interface and no need of Foundation, in the order they depend on each other.
    static let modules = [
        "Swift", "SwiftOnoneSupport", "_Builtin_float", "_Volatile", "Glibc", "_Concurrency", "Synchronization",
        "_RegexParser", "_StringProcessing", "RegexBuilder", "Observation", "Distributed", "_Differentiation",
        "Runtime",
        "Cxx", "CxxStdlib",
    ]

    /// What lies in the bundle as `apus-sdk.json`: what was put together, so that a build can tell whether it still fits.
    struct Manifest: Codable, Equatable {
        var name: String
        /// Of the compiler that prebuilt the modules.
        var compiler: String
        var runtime: SwiftVersion
        var suite: String
        /// Debian package to version.
        var packages: [String: String]
    }

    let toolchain: SwiftToolchain
    let store: PackageStore
    let extraPackages: [String]
    let progress: (_ label: String) -> Progress

    /// Returns the bundle's folder in the cache; composes it when the cache has none for these inputs.
    func compose() throws -> (folder: URL, manifest: Manifest) {
        let offers = try store.apt.pinnedVersions(of: "libswiftlang")
        let choice = try SwiftPairing.choose(compiler: toolchain.version, from: offers)

        // Of the compiler's package only the interfaces and start files: 0.5 GB packed, 2.6 GB unpacked, 60 MB needed.
        let runtime = try store.unpack(PackageName(name: "libswiftlang", suite: choice.suite))
        let compiler = try store.unpack(
            PackageName(name: "swiftlang", suite: choice.suite),
            only: [
                "./usr/libexec/swift/lib/swift/shims/*", "./usr/libexec/swift/lib/swift/linux/*",
                "./usr/libexec/swift/lib/swift_static/shims/*", "./usr/libexec/swift/lib/swift_static/linux/*",
            ])
        let names = (Self.libraries + extraPackages).map { PackageName(name: $0, suite: AptRoot.stable) }
        let libraries = try store.unpack(names)

        var packages: [String: String] = [:]
        for package in libraries + [runtime, compiler] { packages[package.name.description] = package.version }
        let name = "apus-swift\(choice.version)-\(AptRoot.stable)-arm64"
        let manifest = Manifest(
            name: name, compiler: toolchain.versionLine, runtime: choice.version, suite: choice.suite,
            packages: packages)

        let folder = try CacheDirectory.folder("sdk").appendingPathComponent("\(name).artifactbundle")
        if let old = try? Self.manifest(of: folder), old == manifest { return (folder, manifest) }

        try TemporaryFolder.with(beside: folder) { temporary in
            let sysroot = temporary.appendingPathComponent("\(Self.triple)/sysroot")
            try assemble(sysroot, libraries: libraries, swift: [compiler, runtime])
            try check(interfaces: sysroot, runtime: choice.version)
            try patchInterfaces(sysroot)
            try prebuild(sysroot)
            try describe(temporary, manifest)
            try? FileManager.default.removeItem(at: folder)
            try FileManager.default.moveItem(at: temporary, to: folder)
        }
        return (folder, manifest)
    }

    static func manifest(of bundle: URL) throws -> Manifest {
        let data = try Data(contentsOf: bundle.appendingPathComponent("apus-sdk.json"))
        return try JSONDecoder().decode(Manifest.self, from: data)
    }

    // MARK: - Steps

    /// The Swift tree must not lie in `usr/lib/swift`: modules there count as the SDK's own and a prebuilt one beside its
    /// interface is ignored. The link of that name stays for the driver, which looks for swiftrt.o through it.
    private static let swiftTree = "usr/lib/apus-swift"

    private func assemble(
        _ sysroot: URL, libraries: [PackageStore.Unpacked], swift: [PackageStore.Unpacked]
    ) throws {
        let manager = FileManager.default
        let bar = progress("Composing the sysroot")
        defer { bar.finish() }
        let tree = sysroot.appendingPathComponent(Self.swiftTree)
        try manager.createDirectory(at: tree, withIntermediateDirectories: true)
        // The merged /usr of Debian 13: packages' own files lie below /usr, the links come from base-files.
        for name in ["lib", "bin", "sbin"] {
            try manager.createSymbolicLink(
                atPath: sysroot.appendingPathComponent(name).path, withDestinationPath: "usr/\(name)")
        }
        for package in libraries {
            // tar instead of cp: it keeps links to folders that already exist.
            let script =
                "set -o pipefail; tar -C \"$0\" -c --exclude=./usr/share . "
                + "| tar -C \"$1\" -x --keep-directory-symlink --no-same-owner"
            try Command("bash", ["-c", script, package.folder.path, sysroot.path], deadline: 300).run()
        }
        for package in swift {
            let source = package.folder.appendingPathComponent("usr/libexec/swift/lib")
            let script = "set -o pipefail; tar -C \"$0\" -c . | tar -C \"$1\" -x --no-same-owner"
            try Command("bash", ["-c", script, source.path, tree.path], deadline: 300).run()
        }
        try relativeLinks(sysroot)
        for name in ["swift", "swift_static"] {
            try manager.createSymbolicLink(
                atPath: sysroot.appendingPathComponent("usr/lib/\(name)").path,
                withDestinationPath: "apus-swift/\(name)")
            try prune(tree.appendingPathComponent(name))
        }
        // clang's builtin headers must be those of the compiler that reads them.
        let headers = toolchain.resources.appendingPathComponent("clang/include").resolvingSymlinksInPath()
        let clang = tree.appendingPathComponent("swift/clang")
        try manager.createDirectory(at: clang, withIntermediateDirectories: true)
        try manager.copyItem(at: headers, to: clang.appendingPathComponent("include"))
        try manager.createSymbolicLink(
            atPath: tree.appendingPathComponent("swift_static/clang").path, withDestinationPath: "../swift/clang")
        for name in ["gconv", "engines-3", "ossl-modules", "audit", "cmake"] {
            try? manager.removeItem(at: sysroot.appendingPathComponent("usr/lib/aarch64-linux-gnu/\(name)"))
        }
    }

    /// Absolute links lead out of the sysroot: make them relative.
    private func relativeLinks(_ sysroot: URL) throws {
        let manager = FileManager.default
        guard let walk = manager.enumerator(at: sysroot, includingPropertiesForKeys: [.isSymbolicLinkKey]) else {
            return
        }
        for case let file as URL in walk {
            guard let target = try? manager.destinationOfSymbolicLink(atPath: file.path), target.hasPrefix("/") else {
                continue
            }
            let depth = file.path.dropFirst(sysroot.path.count + 1).split(separator: "/").count - 1
            try manager.removeItem(at: file)
            try manager.createSymbolicLink(
                atPath: file.path,
                withDestinationPath: String(repeating: "../", count: depth) + target.dropFirst())
        }
    }

    /// Takes out what a device app cannot use: Foundation, Dispatch and the test libraries come as binary modules of
    /// another compiler only, which ours refuses; documentation and host tools are no part of an SDK. A canImport of an
    /// absent Foundation is false; of an unreadable one it would be true and then fail.
    private func prune(_ tree: URL) throws {
        let manager = FileManager.default
        for name in ["host", "pm", "migrator", "embedded", "FrameworkABIBaseline", "apinotes", "clang"] {
            try? manager.removeItem(at: tree.appendingPathComponent(name))
        }
        let linux = tree.appendingPathComponent("linux")
        for entry in try manager.contentsOfDirectory(at: linux, includingPropertiesForKeys: nil) {
            let name = entry.lastPathComponent
            if ["Foundation", "Testing", "XCTest", "TestDiscovery", "_InternalSwift", "swiftRemoteMirror"]
                .contains(where: name.contains)
            {
                try manager.removeItem(at: entry)
            }
        }
        guard let walk = manager.enumerator(at: linux, includingPropertiesForKeys: nil) else { return }
        for case let file as URL in walk {
            let folder = file.deletingLastPathComponent()
            let isBinary = file.pathExtension == "swiftmodule" && folder.pathExtension == "swiftmodule"
            let documentation =
                ["swiftdoc", "swiftsourceinfo"].contains(file.pathExtension)
                || file.lastPathComponent.hasSuffix(".abi.json")
                || file.lastPathComponent.hasSuffix(".private.swiftinterface")
            if isBinary || documentation { try manager.removeItem(at: file) }
        }
    }

    /// Believes the interface, not the package's version number.
    private func check(interfaces sysroot: URL, runtime: SwiftVersion) throws {
        let file = Self.interface(of: "Swift", in: sysroot)
        guard let text = try? String(contentsOf: file, encoding: .utf8),
            let line = text.split(separator: "\n", maxSplits: 10).first(where: {
                $0.contains("swift-compiler-version:")
            }),
            let version = SwiftVersion(in: String(line))
        else {
            throw FwtoolError(
                "Debian's Swift \(runtime) carries no textual interface of its standard library",
                remedy: "name an SDK of your own with --swift-sdk")
        }
        if let refusal = SwiftPairing.refusal(compiler: toolchain.version, runtime: version) {
            throw FwtoolError(refusal, remedy: "install Swift \(version) or later, or name an SDK with --swift-sdk")
        }
    }

    private static func interface(of module: String, in sysroot: URL) -> URL {
        sysroot.appendingPathComponent("\(swiftTree)/swift/linux/\(module).swiftmodule/\(triple).swiftinterface")
    }

    /// Packages ask `#if compiler(>=6.3)` and then use the typed-throws `withUnsafeTemporaryAllocation` of that release.
    /// The family is emitted into its clients, no ABI is involved: with an older runtime its text is taken from the
    /// compiler's own interface.
    private func patchInterfaces(_ sysroot: URL) throws {
        let start = "@_alwaysEmitIntoClient @_transparent internal func _withUnsafeTemporaryAllocation<T, R>"
        let end = "@frozen public struct _UIntBuffer<Element>"
        func family(_ text: String) -> Range<String.Index>? {
            guard let first = text.range(of: start),
                let last = text.range(of: end, range: first.lowerBound..<text.endIndex)
            else { return nil }
            return first.lowerBound..<last.lowerBound
        }
        let own = toolchain.resources.appendingPathComponent(
            "linux/Swift.swiftmodule/\(toolchain.triple).swiftinterface")
        guard let newer = try? String(contentsOf: own, encoding: .utf8), let replacement = family(newer) else { return }
        for tree in ["swift", "swift_static"] {
            let file = sysroot.appendingPathComponent(
                "\(Self.swiftTree)/\(tree)/linux/Swift.swiftmodule/\(Self.triple).swiftinterface")
            guard var text = try? String(contentsOf: file, encoding: .utf8), let old = family(text) else { continue }
            text.replaceSubrange(old, with: newer[replacement])
            try text.write(to: file, atomically: true, encoding: .utf8)
        }
    }

    /// Compiles each interface once, here, instead of once per package and configuration (36 s of CPU each).
    private func prebuild(_ sysroot: URL) throws {
        let manager = FileManager.default
        let bar = progress("Prebuilding the Swift modules")
        defer { bar.finish() }
        bar.setTotal(Int64(Self.modules.count), unit: .items)
        let resources = sysroot.appendingPathComponent("\(Self.swiftTree)/swift")
        let cache = sysroot.deletingLastPathComponent().appendingPathComponent("module-cache")
        defer { try? manager.removeItem(at: cache) }
        for (index, module) in Self.modules.enumerated() {
            let interface = Self.interface(of: module, in: sysroot)
            guard manager.fileExists(atPath: interface.path) else { continue }
            var options: [String] = []
            if module == "Swift" { options = ["-parse-stdlib"] }
            if module.hasPrefix("Cxx") { options = ["-cxx-interoperability-mode=default"] }
            let output = interface.deletingPathExtension().appendingPathExtension("swiftmodule")
            // Hashes instead of times of modification in the module: it stays valid when the bundle is copied.
            try Command(
                toolchain.frontend.path,
                [
                    "-compile-module-from-interface", "-target", Self.triple, "-sdk", sysroot.path, "-resource-dir",
                    resources.path, "-module-cache-path", cache.path,
                    "-serialize-parseable-module-interface-dependency-hashes", "-Xcc", "--sysroot=\(sysroot.path)",
                ] + options + ["-module-name", module, "-o", output.path, interface.path], deadline: 1200
            ).run()
            let dynamic = interface.deletingLastPathComponent()
            let fixed = sysroot.appendingPathComponent("\(Self.swiftTree)/swift_static/linux/\(module).swiftmodule")
            if manager.contentsEqual(
                atPath: interface.path, andPath: fixed.appendingPathComponent(interface.lastPathComponent).path)
            {
                try manager.removeItem(at: fixed)
                try manager.createSymbolicLink(
                    atPath: fixed.path, withDestinationPath: "../../swift/linux/\(dynamic.lastPathComponent)")
            }
            bar.update(Int64(index + 1))
        }
    }

    private func describe(_ bundle: URL, _ manifest: Manifest) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try encoder.encode(manifest).write(to: bundle.appendingPathComponent("apus-sdk.json"))
        let hosts = Set([toolchain.triple, "x86_64-unknown-linux-gnu", "x86_64-pc-linux-gnu", Self.triple]).sorted()
        let info = """
            {
              "schemaVersion": "1.0",
              "artifacts": {
                "\(manifest.name)": {
                  "type": "swiftSDK",
                  "version": "\(manifest.runtime)",
                  "variants": [
                    {
                      "path": "\(Self.triple)",
                      "supportedTriples": [\(hosts.map { "\"\($0)\"" }.joined(separator: ", "))]
                    }
                  ]
                }
              }
            }

            """
        let sdk = """
            {
              "schemaVersion": "4.0",
              "targetTriples": {
                "\(Self.triple)": {
                  "sdkRootPath": "sysroot",
                  "swiftResourcesPath": "sysroot/\(Self.swiftTree)/swift",
                  "swiftStaticResourcesPath": "sysroot/\(Self.swiftTree)/swift_static",
                  "toolsetPaths": ["toolset.json"]
                }
              }
            }

            """
        // Every file imports _StringProcessing implicitly and would so name two libraries (1.7 MB) that most apps never
        // call: no autolinking of them; --as-needed at the end of the link takes them for those that do. The toolchain's
        // own rpath would carry the developer's home folder into the image.
        let lean = ["swift_StringProcessing", "swift_RegexParser"]
        let swift =
            ["-use-ld=lld", "-no-toolchain-stdlib-rpath"]
            + lean.flatMap { ["-Xfrontend", "-disable-autolink-library", "-Xfrontend", $0] }
        let linker = ["--as-needed"] + lean.map { "-l\($0)" } + ["--no-as-needed"]
        func list(_ words: [String]) -> String { words.map { "\"\($0)\"" }.joined(separator: ", ") }
        let toolset = """
            {
              "schemaVersion": "1.0",
              "swiftCompiler": { "extraCLIOptions": [\(list(swift))] },
              "linker": { "extraCLIOptions": [\(list(linker))] }
            }

            """
        try info.write(to: bundle.appendingPathComponent("info.json"), atomically: true, encoding: .utf8)
        let variant = bundle.appendingPathComponent(Self.triple)
        try sdk.write(to: variant.appendingPathComponent("swift-sdk.json"), atomically: true, encoding: .utf8)
        try toolset.write(to: variant.appendingPathComponent("toolset.json"), atomically: true, encoding: .utf8)
    }
}
