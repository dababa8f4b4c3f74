import Foundation

/// Files made from inputs that seldom change (a compressed kernel, an initramfs), kept under the hash of those inputs.
enum ArtifactCache {
    /// The file made from `inputs`; `make` writes it when the cache has none.
    ///
    /// - Parameter inputs: everything the result depends on, versions of the recipe included.
    static func file(_ name: String, inputs: [String], make: (URL) throws -> Void) throws -> URL {
        let key = Hash.hex(of: Data(inputs.joined(separator: "\0").utf8)).prefix(32)
        let file = try CacheDirectory.folder("artifacts").appendingPathComponent("\(name)-\(key)")
        if FileManager.default.fileExists(atPath: file.path) { return file }
        try TemporaryFolder.with(beside: file) { folder in
            let temporary = folder.appendingPathComponent(name)
            try make(temporary)
            // Another fwtool may have made the same thing meanwhile: rename replaces it.
            guard rename(temporary.path, file.path) == 0 else {
                throw FwtoolError("\(file.path) cannot be written: \(String(cString: strerror(errno)))")
            }
        }
        return file
    }
}
