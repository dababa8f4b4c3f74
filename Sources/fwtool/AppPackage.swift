import BootState
import Bundle
import Foundation

/// The app developer's package: a SwiftPM package with one executable, and an optional `apus.yaml` beside its
/// Package.swift.
///
/// ```yaml
/// product: WeatherStation    # which executable, where the package has several
/// version: 1.2.0             # of the firmware; 0.1.0 by default
/// config:                    # the app's defaults, /etc/apus/app.conf on the device
///   broker: mqtt://broker.example:1883
/// minimum: 1.0.0             # the oldest version it may be installed over; any by default
/// trust: [keys/next.pub]     # public keys whose bundles the device accepts besides those that sign this one
/// overlay: rootfs            # a folder of files for the root image, e.g. rootfs/app/table.csv
/// ```
///
/// SwiftPM's resources are not for device apps: their accessor imports Foundation.
struct AppPackage {
    var folder: URL
    var product: String
    var version: String
    var configuration: [(key: String, value: String)]
    var minimumVersion: String?
    var trusted: [VerificationKey] = []
    var overlay: URL?

    private struct Description: Decodable {
        struct Product: Decodable {
            var name: String
            var type: [String: [String]?]
        }
        var products: [Product]
    }

    /// - Parameter version: instead of the one in apus.yaml.
    /// - Throws: `FwtoolError` for a folder without Package.swift, a manifest that does not compile, no or several
    ///   executables, an apus.yaml with unknown or ill-typed keys (file, line and column named).
    init(folder: URL, version given: String? = nil) throws {
        self.folder = folder
        let manifest = folder.appendingPathComponent("Package.swift")
        guard FileManager.default.fileExists(atPath: manifest.path) else {
            throw FwtoolError(
                "\(folder.path) has no Package.swift",
                remedy: "run fwtool in an app's package folder or name it with --package-path")
        }
        version = "0.1.0"
        configuration = []
        var named: String?
        let file = folder.appendingPathComponent("apus.yaml")
        if FileManager.default.fileExists(atPath: file.path) {
            let fields = try YAMLNode(text: try String(contentsOf: file, encoding: .utf8), file: file.path)
                .fields("product", "version", "minimum", "trust", "config", "overlay")
            named = try fields.optional("product")?.string()
            if let node = fields.optional("version") {
                version = try node.string()
                // It becomes part of file names and of the bundle's manifest.
                guard Self.isVersion(version) else { throw node.refusal("'version' \(Self.versionRule)") }
            }
            if let node = fields.optional("minimum") {
                let text = try node.string()
                guard Self.isVersion(text) else { throw node.refusal("'minimum' \(Self.versionRule)") }
                minimumVersion = text
            }
            if let node = fields.optional("trust") {
                trusted = try node.elements().map { element in
                    let key = folder.appendingPathComponent(try element.string())
                    do throws(KeyError) {
                        return try VerificationKey(contentsOfFile: key.path)
                    } catch {
                        throw element.refusal("the key \(key.path) cannot be used: \(error.fact)", remedy: error.remedy)
                    }
                }
            }
            if let node = fields.optional("overlay") {
                let tree = folder.appendingPathComponent(try node.string())
                var isFolder: ObjCBool = false
                guard FileManager.default.fileExists(atPath: tree.path, isDirectory: &isFolder), isFolder.boolValue
                else { throw node.refusal("'overlay' is no folder of the package") }
                overlay = tree
            }
            if let node = fields.optional("config") {
                configuration = try node.pairs().map { key, value in
                    let text = try value.string()
                    guard key.name.wholeMatch(of: #/[A-Za-z0-9._-]+/#) != nil, !text.contains("\n") else {
                        throw key.node.refusal("'\(key.name)' must be a word, and its value one line")
                    }
                    return (key.name, text)
                }
            }
        }
        if let given {
            guard Self.isVersion(given) else {
                throw FwtoolError("'\(given)' is no version", remedy: "it \(Self.versionRule)")
            }
            version = given
        }
        if let named {
            product = named
            return
        }
        let executables = try Self.executables(of: folder, manifest: manifest)
        guard executables.count == 1 else {
            throw FwtoolError(
                executables.isEmpty
                    ? "the package in \(folder.path) has no executable"
                    : "the package in \(folder.path) has several executables: \(executables.joined(separator: ", "))",
                remedy: executables.isEmpty
                    ? "add an .executableTarget to its Package.swift" : "name one as 'product:' in its apus.yaml")
        }
        product = executables[0]
    }

    /// What a device must have for this firmware: what the app asks for, and a boot partition that can start our slots.
    var minimum: Manifest.Minimum { .init(version: minimumVersion, bootInterface: BootInterface.number) }

    private static let versionRule = "must be 1 to 64 letters, digits, '.', '+', '~' or '-'"

    private static func isVersion(_ text: String) -> Bool {
        text.wholeMatch(of: #/[0-9A-Za-z][0-9A-Za-z.+~-]{0,63}/#) != nil
    }

    /// Asking SwiftPM takes a second, so the answer is kept for as long as the manifest stays the same.
    private static func executables(of folder: URL, manifest: URL) throws -> [String] {
        let inputs = ["1", folder.path, try String(contentsOf: manifest, encoding: .utf8)]
        let list = try ArtifactCache.file("executables", inputs: inputs) { file in
            let command = Command(
                "swift", ["package", "--package-path", folder.path, "describe", "--type", "json"], deadline: 300)
            let text = try command.run()
            guard let start = text.firstIndex(of: "{"),
                let description = try? JSONDecoder().decode(Description.self, from: Data(text[start...].utf8))
            else {
                throw FwtoolError("the answer of swift package describe is not understood", remedy: "update fwtool")
            }
            let names = description.products.filter { $0.type.keys.contains("executable") }.map(\.name)
            try names.joined(separator: "\n").write(to: file, atomically: true, encoding: .utf8)
        }
        return try String(contentsOf: list, encoding: .utf8).split(separator: "\n").map(String.init)
    }
}
