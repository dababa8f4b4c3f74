import ArgumentParser
import Foundation

struct SDKCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sdk", abstract: "Compose, list and remove the Swift SDK that builds for the device.",
        subcommands: [Install.self, List.self, Remove.self])

    struct Install: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Compose the Swift SDK from Debian's arm64 packages and install it.",
            discussion: """
                apt fetches the packages into a root of fwtool's own and verifies their signatures; the Swift modules are
                compiled once by the compiler on this machine. The first time takes some minutes and 650 MB of download.

                EXAMPLES
                  fwtool sdk install
                  fwtool sdk install --package libgps-dev --package libgps30t64
                  swift build --swift-sdk NAME        # NAME as printed: works for any package
                """)

        @Option(help: "The Debian mirror's URL. (default: the one this machine's apt uses)")
        var mirror: String?

        @Option(name: .customLong("package"), help: "One more Debian package for the sysroot; repeatable.")
        var packages: [String] = []

        @Flag(help: "Look for newer packages than those fetched before.")
        var refresh = false

        @OptionGroup var output: OutputOptions

        func run() async throws {
            let toolchain = try SwiftToolchain.onPath()
            let store = try PackageStore(mirror: mirror, progress: output.progress)
            if refresh { store.apt.refresh() }
            let (folder, manifest) = try SDKBundle(
                toolchain: toolchain, store: store, extraPackages: packages, progress: output.progress
            ).compose()
            for warning in store.apt.warnings { output.warn(warning) }
            if let remark = store.apt.networkRemark { output.say(remark) }

            let installed = try InstalledSDK.own().first { $0.name == manifest.name }
            if installed?.manifest != manifest {
                if installed != nil { try Command("swift", ["sdk", "remove", manifest.name]).run() }
                let bar = output.progress("Installing \(manifest.name)")
                defer { bar.finish() }
                try Command("swift", ["sdk", "install", folder.path], deadline: 600).run()
            }
            output.say(
                "Swift SDK \(manifest.name) is installed: Swift \(manifest.runtime) runtime of Debian "
                    + "\(manifest.suite), modules built by \(toolchain.version).")
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the Swift SDKs that fwtool composed.",
            discussion: "EXAMPLE\n  fwtool sdk list --json")

        @Flag(help: "Print JSON.")
        var json = false

        func run() throws {
            let own = try InstalledSDK.own()
            if json {
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
                print(String(decoding: try encoder.encode(own.compactMap(\.manifest)), as: UTF8.self))
                return
            }
            if own.isEmpty { print("none; compose one with: fwtool sdk install") }
            for sdk in own {
                let detail = sdk.manifest.map { "Swift \($0.runtime) of Debian \($0.suite), for \($0.compiler)" }
                print("\(sdk.name)  \(detail ?? "no manifest")")
            }
        }
    }

    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove a Swift SDK that fwtool composed.",
            discussion: "EXAMPLE\n  fwtool sdk remove apus-swift6.2.3-trixie-arm64")

        @Argument(help: "Its name, as fwtool sdk list prints it.")
        var name: String

        func run() throws {
            guard try InstalledSDK.own().contains(where: { $0.name == name }) else {
                throw FwtoolError("no Swift SDK '\(name)' of fwtool is installed", remedy: "see: fwtool sdk list")
            }
            try Command("swift", ["sdk", "remove", name]).run()
            let cached = try CacheDirectory.folder("sdk").appendingPathComponent("\(name).artifactbundle")
            try? FileManager.default.removeItem(at: cached)
            print("removed \(name)")
        }
    }
}
