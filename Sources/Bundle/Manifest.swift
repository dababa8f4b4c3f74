public import JSON

/// What a bundle contains: the part that is signed and that vouches for all the rest.
public struct Manifest: Sendable, Equatable {
    /// A piece of a payload, compressed on its own, so that it can be fetched and verified on its own.
    public struct Chunk: Sendable, Equatable {
        /// Largest content of a chunk in bytes: what a device holds in memory at a time. Larger ones would compress
        /// less than 2 % better, and a damaged or missing chunk would cost more to fetch again.
        public static let maximumSize = 1 << 20

        /// Largest compressed form: libzstd's `ZSTD_COMPRESSBOUND` for a full chunk that does not compress.
        public static let maximumStoredSize = maximumSize + maximumSize / 256

        /// Bytes of content, 1...``maximumSize``.
        public let size: Int
        /// Of the content.
        public let sha256: SHA256.Digest
        /// Bytes in the bundle, 1...``maximumStoredSize``.
        public let storedSize: Int
        /// Of the bytes in the bundle, so that nothing unverified reaches the decompressor and no changed byte goes
        /// unnoticed (different compressed forms can have the same content).
        public let storedSHA256: SHA256.Digest
    }

    /// A named sequence of bytes.
    public struct Payload: Sendable, Equatable {
        /// ``slotName``, or ``bootPrefix`` and the path of a file.
        public let name: String
        /// Bytes of content, the sum of the chunks' sizes.
        public let size: Int
        /// Of the whole content.
        public let sha256: SHA256.Digest
        /// In the order of the content; none when it is empty.
        public let chunks: [Chunk]
    }

    /// The payload with the image of a slot partition.
    public static let slotName = "slot"
    /// Begins the names of the payloads that are files of the boot partition, as in `boot/config.txt`.
    public static let bootPrefix = "boot/"

    /// What the firmware is, its app's name.
    public let product: String
    public let version: String
    /// Name of the board profile it is built for.
    public let board: String
    /// SHA-256 of the manifest without its id, 64 hexadecimal digits: equal for equal content, whoever signed it.
    public let id: String
    /// In the order in which they stand in the bundle.
    public let payloads: [Payload]
    /// Free texts, such as the versions of tools and packages.
    public let metadata: [String: String]
    /// All of it, with members this version does not know.
    public let json: JSON

    /// Bytes of all chunks in the bundle. Cannot overflow: the limit of the manifest's length limits their number.
    var storedSize: Int {
        payloads.reduce(0) { $0 + $1.chunks.reduce(0) { $0 + $1.storedSize } }
    }
}
