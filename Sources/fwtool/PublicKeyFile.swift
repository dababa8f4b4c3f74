import Bundle

/// Public keys, from files.
enum PublicKeyFile {
    static func read(_ paths: [String]) throws -> [VerificationKey] {
        try paths.map { path in
            do throws(KeyError) {
                return try VerificationKey(contentsOfFile: path)
            } catch {
                throw FwtoolError(error, path: path)
            }
        }
    }
}
