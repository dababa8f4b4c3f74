import Foundation

@testable import fwtool

/// An app's package as SwiftPM leaves it behind a build, with a package in a folder beside it.
///
/// `App` is linked from the sources of the app and of Linked; those of Link are compiled and not linked.
struct PlannedApp {
    let folder: ScratchFolder
    let package: AppPackage

    init(pins: [String] = [], checkouts: [String: String] = [:]) throws {
        let folder = try ScratchFolder()
        self.folder = folder
        let root = folder.url.appendingPathComponent("app")
        func write(_ text: String, to path: String) throws {
            let file = folder.url.appendingPathComponent(path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try text.write(to: file, atomically: true, encoding: .utf8)
        }
        try write("// swift-tools-version: 6.2", to: "app/Package.swift")
        try write("product: App\n", to: "app/apus.yaml")
        package = try AppPackage(folder: root)

        let list = pins.map { #"{"identity":"\#($0)","location":"https://x.y/\#($0)","state":{"version":"1.0.0"}}"# }
        try write(#"{"pins":[\#(list.joined(separator: ","))],"version":3}"#, to: "app/Package.resolved")
        let dependencies =
            checkouts.map {
                #"{"packageRef":{"identity":"\#($0)","kind":"remoteSourceControl"},"subpath":"\#($1)"}"#
            } + [#"{"packageRef":{"identity":"library","kind":"fileSystem"},"subpath":"library"}"#]
        try write(
            #"{"object":{"dependencies":[\#(dependencies.joined(separator: ","))]}}"#,
            to: "app/.build/workspace-state.json")

        let release = "\(root.path)/.build/\(SDKBundle.triple)/release"
        let steps = [
            ("\(root.path)/Sources/App/App.swift", "App.build/App.swift.o"),
            ("\(folder.url.path)/library/Sources/Library/Library.swift", "Library.build/Library.swift.o"),
            ("\(root.path)/.build/checkouts/Linked/Sources/A/a file.swift", "A.build/a file.swift.o"),
            ("\(root.path)/.build/checkouts/Link/Sources/B/b.swift", "B.build/b.swift.o"),
        ]
        try write("", to: "library/Sources/Library/Library.swift")
        try write(
            "commands:\n"
                + steps.map { source, object in
                    """
                      "C.\(object)":
                        tool: shell
                        inputs: ["\(source)"]
                        outputs: ["\(release)/\(object)"]
                        description: "Compiling"

                    """
                }.joined(), to: "app/.build/release.yaml")
        try write(
            "\(release)/App.build/App.swift.o\n'\(release)/A.build/a file.swift.o'\n",
            to: "app/.build/\(SDKBundle.triple)/release/App.product/Objects.LinkFileList")
        try write(
            "\(release)/Unknown.build/u.swift.o\n",
            to: "app/.build/\(SDKBundle.triple)/release/Strange.product/Objects.LinkFileList")
    }
}
