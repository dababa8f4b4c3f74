import Glibc

/// Signs a bundle that exists, without building it again: its id and all but its signatures stay as they are.
public enum BundleSigner {
    /// Replaces a bundle file by the same bundle with other signatures. Every chunk is verified first: what is damaged is
    /// not signed. On failure the file is as it was.
    ///
    /// - Parameters:
    ///   - path: the bundle, a regular file. Whoever signed it before is not checked.
    ///   - keys: those that sign; a signature that a key has made before is replaced.
    ///   - keepOthers: whether the signatures of other keys stay.
    /// - Returns: the ids of all keys whose signatures it now has.
    /// - Throws: ``BundleError``.
    public static func sign(_ path: String, with keys: [SigningKey], keepOthers: Bool) throws -> [String] {
        try BundleReader(path: path, trust: .unchecked).readPayloads { _ in }

        let file = try inBundleErrors { () throws(FileError) in try File(path, O_RDONLY) }
        let bytes = try BundleReader.headBytes(file)
        let head = try BundleHead(bytes, trust: .unchecked)
        let parts = try BundleHeadParts(bytes)
        let others = keepOthers ? try SignatureList(decoding: parts.signatures).signatures : []
        let signatures = SignatureList(signing: parts.manifest, with: keys, besides: others)
        guard (1...SignatureList.maximumCount).contains(signatures.signatures.count) else {
            throw BundleError.invalidContent(
                "a bundle has 1 to \(SignatureList.maximumCount) signatures, not \(signatures.signatures.count)")
        }
        let newHead = BundleHeadParts(
            manifest: parts.manifest, signatures: signatures.encoded(), chunkTable: parts.chunkTable
        ).encoded()
        try inBundleErrors { () throws(FileError) in
            let chunks = try file.read(head.bundleSize - head.size, at: head.size)
            try File.replace(path, with: [newHead, chunks])
        }
        return signatures.signatures.map(\.keyID)
    }
}
