import COpenSSL

/// A public Ed25519 key (RFC 8032): tells whether the holder of the private key signed something.
public struct VerificationKey: Sendable, Hashable {
    /// Bytes in a raw public key.
    static let size = 32

    /// The key's 32 bytes as RFC 8032 encodes them.
    public let rawRepresentation: [UInt8]

    init(rawRepresentation: [UInt8]) {
        self.rawRepresentation = rawRepresentation
    }

    /// - Parameter pem: a SubjectPublicKeyInfo in PEM format (`BEGIN PUBLIC KEY`, RFC 8410).
    public init(pem: [UInt8]) throws(KeyError) {
        let (label, der) = try PEM.firstBlock(of: pem)
        guard label == "PUBLIC KEY" else {
            throw label.hasSuffix("PRIVATE KEY") ? .privateWherePublicNeeded : .notAKey
        }
        let key = der.withUnsafeBufferPointer { buffer in
            var position = buffer.baseAddress
            return d2i_PUBKEY(nil, &position, buffer.count)
        }
        defer { EVP_PKEY_free(key) }
        guard let key else {
            ERR_clear_error()
            throw .notAKey
        }
        guard EVP_PKEY_get_base_id(key) == NID_ED25519 else { throw .notEd25519 }
        rawRepresentation = Self.rawKey(size: Self.size) { EVP_PKEY_get_raw_public_key(key, $0, $1) }
    }

    /// Reads a `.pub` file; see ``init(pem:)``.
    public init(contentsOfFile path: String) throws(KeyError) {
        try self.init(pem: try PEM.read(file: path))
    }

    /// The key as a SubjectPublicKeyInfo in PEM format.
    public var pem: [UInt8] {
        let key = EVP_PKEY_new_raw_public_key(NID_ED25519, nil, rawRepresentation, rawRepresentation.count)
        defer { EVP_PKEY_free(key) }
        return PEM.text { PEM_write_bio_PUBKEY($0, key) }
    }

    /// Writes a new file in PEM format, readable by everyone; an existing file is never touched.
    public func write(toNewFile path: String) throws(KeyError) {
        try PEM.write(pem, toNewFile: path, mode: 0o644)
    }

    /// Names the key where it is used: the first 8 bytes of the SHA-256 of the raw public key, 16 hexadecimal digits.
    public var id: String {
        hexadecimal(Array(SHA256.digest(of: rawRepresentation).bytes.prefix(8)))
    }

    /// Whether `signature` is this key's over `message`.
    public func isValid(signature: [UInt8], over message: [UInt8]) -> Bool {
        let key = EVP_PKEY_new_raw_public_key(NID_ED25519, nil, rawRepresentation, rawRepresentation.count)
        defer { EVP_PKEY_free(key) }
        let context = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(context) }
        let isValid =
            EVP_DigestVerifyInit(context, nil, nil, nil, key) == 1
            && EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
        ERR_clear_error()
        return isValid
    }

    /// The raw bytes that one of OpenSSL's EVP_PKEY_get_raw functions yields for an Ed25519 key, which has them always.
    static func rawKey(size: Int, _ get: (UnsafeMutablePointer<UInt8>?, UnsafeMutablePointer<Int>) -> Int32) -> [UInt8]
    {
        var key = [UInt8](repeating: 0, count: size)
        var count = size
        let result = get(&key, &count)
        precondition(result == 1 && count == size, "OpenSSL knows no raw form of an Ed25519 key")
        return key
    }
}
