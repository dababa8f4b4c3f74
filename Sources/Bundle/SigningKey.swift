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

    /// - Parameters:
    ///   - pem: a PKCS #8 key in PEM format: `BEGIN PRIVATE KEY` (RFC 8410) or `BEGIN ENCRYPTED PRIVATE KEY` (RFC 5958).
    ///   - passphrase: its bytes; not needed and not looked at for a key without one.
    public init(pem: [UInt8], passphrase: [UInt8]? = nil) throws(KeyError) {
        let (label, der) = try PEM.firstBlock(of: pem)
        let key: OpaquePointer?
        switch label {
        case "PRIVATE KEY": key = Self.key(der)
        case "ENCRYPTED PRIVATE KEY":
            guard let passphrase else { throw .encrypted }
            key = try Self.key(encrypted: der, passphrase: passphrase)
        case "PUBLIC KEY": throw .publicWherePrivateNeeded
        case _ where label.hasSuffix("PRIVATE KEY"): throw .notEd25519  // EC, RSA and DSA have labels of their own
        default: throw .notAKey
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

    /// Reads a `.key` file; see ``init(pem:passphrase:)``.
    public init(contentsOfFile path: String, passphrase: [UInt8]? = nil) throws(KeyError) {
        try self.init(pem: try PEM.read(file: path), passphrase: passphrase)
    }

    private static func key(_ der: [UInt8]) -> OpaquePointer? {
        der.withUnsafeBufferPointer { buffer in
            var position = buffer.baseAddress
            return d2i_AutoPrivateKey(nil, &position, buffer.count)
        }
    }

    /// Nil for DER that holds no key.
    private static func key(encrypted der: [UInt8], passphrase: [UInt8]) throws(KeyError) -> OpaquePointer? {
        let box = der.withUnsafeBufferPointer { buffer in
            var position = buffer.baseAddress
            return d2i_X509_SIG(nil, &position, buffer.count)
        }
        guard let box else { return nil }
        defer { X509_SIG_free(box) }
        let info = passphrase.withUnsafeBytes { bytes in
            PKCS8_decrypt(box, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(bytes.count))
        }
        guard let info else {
            ERR_clear_error()
            throw .wrongPassphrase
        }
        defer { PKCS8_PRIV_KEY_INFO_free(info) }
        return EVP_PKCS82PKEY(info)
    }

    private init(takingOver key: OpaquePointer) {
        defer { EVP_PKEY_free(key) }
        rawRepresentation = VerificationKey.rawKey(size: Self.size) { EVP_PKEY_get_raw_private_key(key, $0, $1) }
        verificationKey = VerificationKey(
            rawRepresentation: VerificationKey.rawKey(size: VerificationKey.size) {
                EVP_PKEY_get_raw_public_key(key, $0, $1)
            })
    }

    /// scrypt (RFC 7914) with 16 MiB and five rounds, one of the settings of equal strength that OWASP's Password Storage
    /// Cheat Sheet names; more memory than 32 MiB OpenSSL refuses by default.
    private static let scryptCost: UInt64 = 1 << 14
    private static let scryptBlockSize: UInt64 = 8
    private static let scryptRounds: UInt64 = 5

    /// Writes a new file in PEM format that only its owner can read; an existing file is never touched.
    ///
    /// - Parameter passphrase: encrypts the key (AES-256, the key of it by scrypt) so that `openssl pkey` opens it.
    public func write(toNewFile path: String, passphrase: [UInt8]? = nil) throws(KeyError) {
        let key = EVP_PKEY_new_raw_private_key(NID_ED25519, nil, rawRepresentation, rawRepresentation.count)
        defer { EVP_PKEY_free(key) }
        guard let passphrase else {
            let text = PEM.text { PEM_write_bio_PKCS8PrivateKey($0, key, nil, nil, 0, nil, nil) }
            return try PEM.write(text, toNewFile: path, mode: 0o600)
        }
        let info = EVP_PKEY2PKCS8(key)
        defer { PKCS8_PRIV_KEY_INFO_free(info) }
        let algorithm = PKCS5_pbe2_set_scrypt(
            EVP_aes_256_cbc(), nil, 0, nil, Self.scryptCost, Self.scryptBlockSize, Self.scryptRounds)
        let box = passphrase.withUnsafeBytes { bytes in
            PKCS8_set0_pbe(
                bytes.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(bytes.count), info, algorithm)
        }
        // Fails only without memory or without random numbers; a key written then would be lost.
        guard let box else { fatalError("OpenSSL cannot encrypt a key") }
        defer { X509_SIG_free(box) }
        try PEM.write(PEM.text { PEM_write_bio_PKCS8($0, box) }, toNewFile: path, mode: 0o600)
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
