import Foundation

/// Where SwiftPM has the packages that a package depends on, as it notes in `.build/workspace-state.json`: a file of its
/// own, so that it may change with any version.
struct WorkspaceState {
    struct Dependency {
        let identity: String
        /// In a folder of the developer's, not fetched.
        let isLocal: Bool
        let folder: URL
    }

    let dependencies: [Dependency]

    /// Nil where the package was never resolved, or the file is not understood.
    init?(of package: AppPackage) {
        struct File: Decodable {
            struct Object: Decodable { var dependencies: [Dependency] }
            struct Dependency: Decodable {
                var packageRef: Reference
                var subpath: String?
            }
            struct Reference: Decodable {
                var identity: String
                var kind: String
                var location: String?
            }
            var object: Object
        }
        let build = package.folder.appendingPathComponent(".build")
        guard let data = try? Data(contentsOf: build.appendingPathComponent("workspace-state.json")),
            let file = try? JSONDecoder().decode(File.self, from: data)
        else { return nil }
        dependencies = file.object.dependencies.compactMap { entry in
            let reference = entry.packageRef
            if reference.kind == "fileSystem" {
                guard let location = reference.location else { return nil }
                let folder = URL(fileURLWithPath: location)
                return Dependency(identity: reference.identity, isLocal: true, folder: folder)
            }
            guard let path = entry.subpath, reference.kind.hasSuffix("SourceControl") else { return nil }
            let folder = build.appendingPathComponent("checkouts/\(path)")
            return Dependency(identity: reference.identity, isLocal: false, folder: folder)
        }
    }
}
