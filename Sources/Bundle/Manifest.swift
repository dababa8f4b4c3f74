public import JSON

/// What a bundle contains: the part that is signed and that vouches for all the rest.
public struct Manifest: Sendable, Equatable {
    /// A named sequence of bytes.
    public struct Payload: Sendable, Equatable {
        /// ``slotName``, or ``bootPrefix`` and the path of a file.
        public let name: String
        /// Bytes of content, the sum of the chunks' sizes.
        public let size: Int
        /// Of the whole content.
        public let sha256: SHA256.Digest
        /// Number of its chunks; 0 when it is empty.
        public let chunkCount: Int
    }

    /// The payload with the image of a slot partition.
    public static let slotName = "slot"
    /// Begins the names of the payloads that are files of the boot partition, as in `boot/config.txt`.
    public static let bootPrefix = "boot/"

    /// Name of the payload with the software bill of materials, an SPDX 2.3 document in JSON; for people and their
    /// tools, never fetched by a device.
    public static let sbomName = "sbom.spdx.json"

    /// The oldest that this bundle may be installed over.
    public struct Minimum: Sendable, Equatable {
        /// Version of the firmware that runs, nil for any.
        public let version: String?
        /// Number of the interface between the boot partition, which no update writes, and the slots; nil for any.
        public let bootInterface: Int?

        public init(version: String? = nil, bootInterface: Int? = nil) {
            self.version = version
            self.bootInterface = bootInterface
        }
    }

    /// What the firmware is, its app's name.
    public let product: String
    public let version: String
    /// Name of the board profile it is built for.
    public let board: String
    /// SHA-256 of the manifest without its id, 64 hexadecimal digits: equal for equal content, whoever signed it.
    public let id: String
    /// In the order in which they stand in the bundle.
    public let payloads: [Payload]
    public let minimum: Minimum
    /// SHA-256 of the chunk table.
    let chunkTable: SHA256.Digest
    /// Free texts, such as the versions of tools and packages.
    public let metadata: [String: String]
    /// All of it, with members this version does not know.
    public let json: JSON
}
