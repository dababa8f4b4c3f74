import COpenSSL

/// A private Ed25519 key (RFC 8032).
public struct SigningKey: Sendable {
    /// Bytes in a raw private key.
    private static let size = 32
    /// Bytes in a signature.
    static let signatureSize = 64

    private let rawRepresentation: [UInt8]
    /// The public half.
    public let verificationKey: VerificationKey

    /// A new key from the system's random numbers.
    public init() {
        var key: OpaquePointer?
        let context = EVP_PKEY_CTX_new_id(NID_ED25519, nil)
        defer { EVP_PKEY_CTX_free(context) }
        // Fails only without memory or without random numbers; a key made then must never be used.
        guard EVP_PKEY_keygen_init(context) == 1, EVP_PKEY_keygen(context, &key) == 1, let key else {
            fatalError("OpenSSL cannot make an Ed25519 key")
        }
        self.init(takingOver: key)
    }

    /// - Parameter pem: an unencrypted PKCS #8 key in PEM format (`BEGIN PRIVATE KEY`, RFC 8410).
    public init(pem: [UInt8]) throws(KeyError) {
        let (label, der) = try PEM.firstBlock(of: pem)
        switch label {
        case "PRIVATE KEY": break
        case "ENCRYPTED PRIVATE KEY": throw .encrypted
        case "PUBLIC KEY": throw .publicWherePrivateNeeded
        case _ where label.hasSuffix("PRIVATE KEY"): throw .notEd25519  // EC, RSA and DSA have labels of their own
        default: throw .notAKey
        }
        let key = der.withUnsafeBufferPointer { buffer in
            var position = buffer.baseAddress
            return d2i_AutoPrivateKey(nil, &position, buffer.count)
        }
        guard let key else {
            ERR_clear_error()
            throw .notAKey
        }
        guard EVP_PKEY_get_base_id(key) == NID_ED25519 else {
            EVP_PKEY_free(key)
            throw .notEd25519
        }
        self.init(takingOver: key)
    }

    /// Reads a `.key` file; see ``init(pem:)``.
    public init(contentsOfFile path: String) throws(KeyError) {
        try self.init(pem: try PEM.read(file: path))
    }

    private init(takingOver key: OpaquePointer) {
        defer { EVP_PKEY_free(key) }
        rawRepresentation = VerificationKey.rawKey(size: Self.size) { EVP_PKEY_get_raw_private_key(key, $0, $1) }
        verificationKey = VerificationKey(
            rawRepresentation: VerificationKey.rawKey(size: VerificationKey.size) {
                EVP_PKEY_get_raw_public_key(key, $0, $1)
            })
    }

    /// Writes a new file in PEM format that only its owner can read; an existing file is never touched.
    public func write(toNewFile path: String) throws(KeyError) {
        let key = EVP_PKEY_new_raw_private_key(NID_ED25519, nil, rawRepresentation, rawRepresentation.count)
        defer { EVP_PKEY_free(key) }
        let text = PEM.text { PEM_write_bio_PKCS8PrivateKey($0, key, nil, nil, 0, nil, nil) }
        try PEM.write(text, toNewFile: path, mode: 0o600)
    }

    /// The 64-byte signature over `message`; the same message always gives the same one.
    public func signature(over message: [UInt8]) -> [UInt8] {
        let key = EVP_PKEY_new_raw_private_key(NID_ED25519, nil, rawRepresentation, rawRepresentation.count)
        defer { EVP_PKEY_free(key) }
        let context = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(context) }
        var signature = [UInt8](repeating: 0, count: Self.signatureSize)
        var count = signature.count
        let succeeded =
            EVP_DigestSignInit(context, nil, nil, nil, key) == 1
            && EVP_DigestSign(context, &signature, &count, message, message.count) == 1
        // Fails only when memory is exhausted, where Swift's own allocations trap as well.
        precondition(succeeded && count == Self.signatureSize, "OpenSSL cannot sign")
        return signature
    }
}
