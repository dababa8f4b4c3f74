import COpenSSL

/// SHA-256 (FIPS 180-4), fed piece by piece.
///
/// OpenSSL's, because it uses the CPU's instructions for it where there are any.
public struct SHA256: ~Copyable {
    /// The 32 bytes that come out.
    public struct Digest: Sendable, Hashable, CustomStringConvertible {
        /// Bytes in a digest.
        public static let size = 32

        // In place, not in an array: a chunk table has thousands of them.
        private let first: UInt64
        private let second: UInt64
        private let third: UInt64
        private let fourth: UInt64

        /// - Parameter bytes: exactly ``size`` of them.
        init(_ bytes: some Collection<UInt8>) {
            precondition(bytes.count == Self.size, "a SHA-256 digest has 32 bytes")
            func number(_ index: Int) -> UInt64 {
                bytes.dropFirst(8 * index).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
            }
            (first, second, third, fourth) = (number(0), number(1), number(2), number(3))
        }

        /// The digest that 64 lower-case hexadecimal digits spell; nil for any other text.
        public init?(hexadecimal text: String) {
            guard let bytes = Bundle.bytes(hexadecimal: text, count: Self.size) else { return nil }
            self.init(bytes)
        }

        public var bytes: [UInt8] {
            [first, second, third, fourth].flatMap { number in
                (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) }
            }
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

    private mutating func update(_ bytes: UnsafeRawBufferPointer) {
        _ = EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
    }

    public consuming func finalize() -> Digest {
        Digest(
            Array(unsafeUninitializedCapacity: Digest.size) { buffer, count in
                _ = EVP_DigestFinal_ex(context, buffer.baseAddress, nil)
                count = Digest.size
            })
    }

    public static func digest(of bytes: [UInt8]) -> Digest { bytes.withUnsafeBytes { digest(of: $0) } }

    public static func digest(of bytes: UnsafeRawBufferPointer) -> Digest {
        var hash = SHA256()
        hash.update(bytes)
        return hash.finalize()
    }
}
