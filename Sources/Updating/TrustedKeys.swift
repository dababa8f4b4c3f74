public import Bundle
internal import Glibc

/// The public keys whose signature makes a bundle one that may be installed.
public enum TrustedKeys {
    /// Where the root image has them: every `.pub` file.
    public static let folder = "/etc/apus/keys"

    /// Limits what a strange folder can make us read.
    private static let maximumCount = 64

    /// Reads all keys of a folder, in the order of their names; none when there is no such folder.
    ///
    /// A file that is no key is an error: the image is broken, and guessing which key was meant is no way to trust.
    public static func read(folder: String = TrustedKeys.folder) throws(UpdateError) -> [VerificationKey] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = Glibc.readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasSuffix(".pub"), names.count < maximumCount { names.append(name) }
        }
        var keys: [VerificationKey] = []
        for name in names.sorted() { keys.append(try read(file: "\(folder)/\(name)")) }
        return keys
    }

    /// Reads one `.pub` file.
    public static func read(file path: String) throws(UpdateError) -> VerificationKey {
        do throws(KeyError) {
            return try VerificationKey(contentsOfFile: path)
        } catch {
            throw .system(operation: "read the key", path: path, reason: "\(error)")
        }
    }
}
