/// The first 16 bytes of the SHA-256 of what stands in the bundle for a chunk.
///
/// Half of the digest is enough: this hash keeps altered bytes away from the decompressor, for which an attacker needs
/// other bytes with a given hash (2^128 attempts). Two inputs of his choice with one hash (2^64) win him nothing, since
/// the content that comes out is held against its full SHA-256.
public struct StoredHash: Sendable, Hashable {
    /// Bytes in a hash.
    public static let size = 16

    private let first: UInt64
    private let second: UInt64

    /// - Parameter bytes: its ``size`` bytes, or more; the rest is passed over.
    init(_ bytes: some Collection<UInt8>) {
        precondition(bytes.count >= Self.size, "too few bytes for a hash")
        func number(_ part: some Collection<UInt8>) -> UInt64 { part.reduce(0) { $0 << 8 | UInt64($1) } }
        first = number(bytes.prefix(8))
        second = number(bytes.dropFirst(8).prefix(8))
    }

    /// The hash of bytes whose SHA-256 is this.
    init(_ digest: SHA256.Digest) {
        self.init(digest.bytes)
    }

    var bytes: [UInt8] {
        [first, second].flatMap { number in (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) } }
    }
}
