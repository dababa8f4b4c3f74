import Foundation

/// Debian packages, fetched, verified and unpacked, each in a folder of its own that never changes once it is there.
final class PackageStore {
    let apt: AptRoot
    private let progress: (_ label: String) -> Progress

    init(mirror: String? = nil, progress: @escaping (_ label: String) -> Progress) throws {
        apt = try AptRoot(mirror: mirror, progress: progress)
        self.progress = progress
    }

    /// One unpacked package.
    struct Unpacked {
        var name: PackageName
        var version: String
        /// Of the package's file.
        var sha256: String
        var folder: URL

        /// The only file that matches a path with `*` and `?` in its components, e.g.
        /// `usr/lib/linux-image-*/broadcom/bcm2837-rpi-3-b.dtb`.
        func file(_ pattern: String) throws -> URL {
            let found = glob(pattern)
            guard found.count == 1 else {
                throw FwtoolError(
                    "package \(name) \(version) has \(found.isEmpty ? "no" : "\(found.count)") file \(pattern)",
                    remedy: "correct the path in the board profile")
            }
            return found[0]
        }

        /// Every file that matches, sorted.
        func glob(_ pattern: String) -> [URL] {
            var result = glob_t()
            defer { globfree(&result) }
            guard Glibc.glob(folder.appendingPathComponent(pattern).path, 0, nil, &result) == 0 else { return [] }
            return (0..<Int(result.gl_pathc)).compactMap { index in
                result.gl_pathv[index].map { URL(fileURLWithPath: String(cString: $0)) }
            }
        }
    }

    /// The names of a package's files, of any version of it that is unpacked here; fetches it only where none is.
    func fileNames(of package: PackageName) throws -> Set<String> {
        let manager = FileManager.default
        let cache = try CacheDirectory.folder("packages")
        let known = try manager.contentsOfDirectory(atPath: cache.path).sorted()
            .last { $0.hasPrefix("\(package.name)_") }
        let folder = try known.map { cache.appendingPathComponent($0) } ?? unpack(package).folder
        guard let walk = manager.enumerator(at: folder, includingPropertiesForKeys: nil) else { return [] }
        return Set(walk.compactMap { ($0 as? URL)?.lastPathComponent })
    }

    /// Fetches and unpacks.
    ///
    /// - Parameter only: path patterns as tar's `--wildcards` takes them, to unpack no more than needed of a huge
    ///   package; everything when nil.
    func unpack(_ package: PackageName, only patterns: [String]? = nil) throws -> Unpacked {
        try unpack([package], only: patterns)[0]
    }

    /// The same for several packages, downloaded together.
    func unpack(_ packages: [PackageName], only patterns: [String]? = nil) throws -> [Unpacked] {
        let files = try apt.fetch(packages)
        return try packages.map { package in
            guard let (file, resolved) = files[package] else {
                throw FwtoolError("package \(package) was not downloaded", remedy: "run the command again")
            }
            let suffix = patterns.map { "-" + Hash.hex(of: Data($0.joined(separator: "\n").utf8)).prefix(8) } ?? ""
            let folder = try CacheDirectory.folder("packages")
                .appendingPathComponent((file.lastPathComponent as NSString).deletingPathExtension + suffix)
            let unpacked = Unpacked(
                name: package, version: resolved.version, sha256: resolved.sha256, folder: folder)
            if FileManager.default.fileExists(atPath: folder.path) { return unpacked }

            let bar = progress("Unpacking \(package.name) \(resolved.version)")
            defer { bar.finish() }
            // apt verified it when it came; this catches a file damaged in the cache since.
            guard try Hash.hex(ofFile: file) == resolved.sha256 else {
                try? FileManager.default.removeItem(at: file)
                throw FwtoolError(
                    "the cached package \(file.lastPathComponent) is damaged and was removed",
                    remedy: "run the command again to download it anew")
            }
            try TemporaryFolder.with(beside: folder) { temporary in
                if let patterns {
                    let quoted = patterns.map { "'\($0)'" }.joined(separator: " ")
                    let script =
                        "set -o pipefail; dpkg-deb --fsys-tarfile \"$0\" | tar -C \"$1\" -x --wildcards \(quoted)"
                    try Command("bash", ["-c", script, file.path, temporary.path], deadline: 900).run()
                } else {
                    try Command("dpkg-deb", ["-x", file.path, temporary.path], deadline: 900).run()
                }
                try FileManager.default.moveItem(at: temporary, to: folder)
            }
            return unpacked
        }
    }
}
