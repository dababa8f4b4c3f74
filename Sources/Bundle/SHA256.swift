import COpenSSL

/// SHA-256 (FIPS 180-4), fed piece by piece.
///
/// OpenSSL's, because it uses the CPU's instructions for it where there are any.
public struct SHA256: ~Copyable {
    /// The 32 bytes that come out.
    public struct Digest: Sendable, Hashable, CustomStringConvertible {
        /// Bytes in a digest.
        public static let size = 32

        public let bytes: [UInt8]

        fileprivate init(bytes: [UInt8]) {
            self.bytes = bytes
        }

        /// The digest that 64 lower-case hexadecimal digits spell; nil for any other text.
        public init?(hexadecimal text: String) {
            guard let bytes = Bundle.bytes(hexadecimal: text, count: Self.size) else { return nil }
            self.bytes = bytes
        }

        /// 64 lower-case hexadecimal digits.
        public var description: String { Bundle.hexadecimal(bytes) }
    }

    private let context: OpaquePointer

    public init() {
        // Fails only when memory is exhausted, where Swift's own allocations trap as well.
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
            fatalError("no memory for a SHA-256 context")
        }
        self.context = context
    }

    deinit {
        EVP_MD_CTX_free(context)
    }

    public mutating func update(_ bytes: [UInt8]) {
        // Fails only after the digest has been taken, which `finalize` consuming the value rules out.
        _ = EVP_DigestUpdate(context, bytes, bytes.count)
    }

    public consuming func finalize() -> Digest {
        Digest(
            bytes: Array(unsafeUninitializedCapacity: Digest.size) { buffer, count in
                _ = EVP_DigestFinal_ex(context, buffer.baseAddress, nil)
                count = Digest.size
            })
    }

    public static func digest(of bytes: [UInt8]) -> Digest {
        var hash = SHA256()
        hash.update(bytes)
        return hash.finalize()
    }
}
