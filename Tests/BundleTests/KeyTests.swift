import Glibc
import Testing

@testable import Bundle

struct KeyTests {
    static let ecPrivate = """
        -----BEGIN EC PRIVATE KEY-----
        MHcCAQEEIOapyq0z3p0UKUz6W7o4C82tEqjaiKCeQmXp1uLWAAxjoAoGCCqGSM49
        AwEHoUQDQgAEmDGH+FlK2YtWYC7dup0PPaGYRVdv1zAIJazNcpWSFZLknhUhVAIn
        7OvMFV7K2SReKUcWX8ZQW9k1xvZFj4wywA==
        -----END EC PRIVATE KEY-----
        """
    static let x25519Private = """
        -----BEGIN PRIVATE KEY-----
        MC4CAQAwBQYDK2VuBCIEILjKaP0LjrX2PL8S7JblbMleOyUezNzFE0VGlEfNAaZq
        -----END PRIVATE KEY-----
        """
    static let x25519Public = """
        -----BEGIN PUBLIC KEY-----
        MCowBQYDK2VuAyEAAUD/U+Qa2M509waK6AAIacugOEi/ZvpTlmx3ik/lO38=
        -----END PUBLIC KEY-----
        """
    static let encryptedPrivate = """
        -----BEGIN ENCRYPTED PRIVATE KEY-----
        MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAitJU+tnm/qTQICCAAw
        DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEBJfNFThJJRoUnhjHwQrgjEEQLs5
        qdxyRXN8oGyGH/j6ZGaYiv/Ov38RBjX8Gdvt2RzM3+8bvel3j6G8J0gX7R78Bped
        PUJUM3/yEg05c2exdLA=
        -----END ENCRYPTED PRIVATE KEY-----
        """

    /// RFC 8032, section 7.1, tests 1 and 2.
    @Test func signsAsTheRFCDoes() throws {
        let first = try TestKeys.first
        #expect(
            hexadecimal(first.verificationKey.rawRepresentation)
                == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
        #expect(
            hexadecimal(first.signature(over: []))
                == "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
                + "d25bf5f0595bbe24655141438e7a100b")
        #expect(
            hexadecimal(try TestKeys.second.signature(over: [0x72]))
                == "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
                + "387b2eaeb4302aeeb00d291612bb0c00")
        #expect(first.verificationKey.id == "21fe31dfa154a261")
    }

    @Test func verifiesOnlyTheSameMessageKeyAndSignature() throws {
        let key = SigningKey()
        let message = Array("message".utf8)
        let signature = key.signature(over: message)
        #expect(key.verificationKey.isValid(signature: signature, over: message))
        #expect(!key.verificationKey.isValid(signature: signature, over: message + [0]))
        #expect(!SigningKey().verificationKey.isValid(signature: signature, over: message))
        #expect(!key.verificationKey.isValid(signature: [], over: message))
        #expect(!key.verificationKey.isValid(signature: signature + [0], over: message))
        for index in signature.indices {
            var damaged = signature
            damaged[index] ^= 1
            #expect(!key.verificationKey.isValid(signature: damaged, over: message))
        }
    }

    /// Written and read back with its passphrase, and with no other; the one that OpenSSL's command line made ("secret").
    @Test func encryptedKeysNeedTheirPassphrase() throws {
        let folder = try TemporaryFolder()
        let key = try TestKeys.first
        let path = "\(folder.path)/k.key"
        let passphrase = Array("brät wurst\n".utf8)
        try key.write(toNewFile: path, passphrase: passphrase)
        #expect(try folder.mode(of: "k.key") == 0o600)
        let text = String(decoding: try folder.read("k.key"), as: UTF8.self)
        #expect(text.hasPrefix("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"))
        let opened = try SigningKey(contentsOfFile: path, passphrase: passphrase)
        #expect(opened.verificationKey == key.verificationKey)
        #expect(opened.signature(over: [1]) == key.signature(over: [1]))
        #expect(throws: KeyError.encrypted) { try SigningKey(contentsOfFile: path) }
        for wrong in [[], Array(passphrase.dropLast()), passphrase + [1]] {
            #expect(throws: KeyError.wrongPassphrase) { try SigningKey(contentsOfFile: path, passphrase: wrong) }
        }
        _ = try SigningKey(pem: Array(Self.encryptedPrivate.utf8), passphrase: Array("secret".utf8))
    }

    /// Bytes of an encrypted key changed all over: a typed error, or a key, for nothing in the format tells that the
    /// encrypted bytes are the ones written.
    @Test func damagedEncryptedKeysDoNoHarm() throws {
        let text = Array(Self.encryptedPrivate.utf8)
        var refused = 0
        for index in stride(from: 0, to: text.count, by: 3) {
            var damaged = text
            damaged[index] ^= 1
            do throws(KeyError) {
                _ = try SigningKey(pem: damaged, passphrase: Array("secret".utf8))
            } catch {
                refused += 1
            }
        }
        #expect(refused > 50)
    }

    @Test func filesRoundTrip() throws {
        let folder = try TemporaryFolder()
        let key = try TestKeys.first
        try key.write(toNewFile: "\(folder.path)/k.key")
        try key.verificationKey.write(toNewFile: "\(folder.path)/k.pub")
        #expect(try folder.mode(of: "k.key") == 0o600)
        // OpenSSL's spelling of both, byte for byte.
        #expect(try folder.read("k.key") == Array(TestKeys.firstPEM.utf8))
        #expect(try folder.read("k.pub") == Array(TestKeys.firstPublicPEM.utf8))
        #expect(try SigningKey(contentsOfFile: "\(folder.path)/k.key").verificationKey == key.verificationKey)
        #expect(try VerificationKey(contentsOfFile: "\(folder.path)/k.pub") == key.verificationKey)
    }

    @Test func neverOverwrites() throws {
        let folder = try TemporaryFolder()
        try folder.write([1], to: "k.key")
        let path = "\(folder.path)/k.key"
        #expect(throws: KeyError.alreadyExists(path: path)) { try SigningKey().write(toNewFile: path) }
        #expect(throws: KeyError.alreadyExists(path: path)) { try SigningKey().verificationKey.write(toNewFile: path) }
        #expect(try folder.read("k.key") == [1])
    }

    @Test func newKeysDiffer() {
        #expect(SigningKey().verificationKey != SigningKey().verificationKey)
    }

    @Test(
        arguments: [
            ("", .notAKey),
            ("nonsense", .notAKey),
            ("-----BEGIN PRIVATE KEY-----\n", .notAKey),
            ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", .notAKey),
            ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", .notAKey),
            (TestKeys.firstPublicPEM, .publicWherePrivateNeeded),
            (ecPrivate, .notEd25519),
            (x25519Private, .notEd25519),
            (encryptedPrivate, .encrypted),
        ] as [(String, KeyError)])
    func refusesAsPrivateKey(pem: String, error: KeyError) {
        #expect(throws: error) { try SigningKey(pem: Array(pem.utf8)) }
    }

    @Test(
        arguments: [
            ("", .notAKey),
            ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", .notAKey),
            (TestKeys.firstPEM, .privateWherePublicNeeded),
            (encryptedPrivate, .privateWherePublicNeeded),
            (ecPrivate, .privateWherePublicNeeded),
            (x25519Public, .notEd25519),
        ] as [(String, KeyError)])
    func refusesAsPublicKey(pem: String, error: KeyError) {
        #expect(throws: error) { try VerificationKey(pem: Array(pem.utf8)) }
    }

    @Test func refusesEveryCutKey() {
        let pem = Array(TestKeys.firstPublicPEM.utf8)
        for length in 0..<(pem.count - 2) {
            #expect(throws: KeyError.notAKey) { try VerificationKey(pem: Array(pem.prefix(length))) }
        }
    }

    @Test func refusesHugeAndMissingFiles() throws {
        let folder = try TemporaryFolder()
        try folder.write(Array(repeating: 0x0A, count: 1 << 20) + Array(TestKeys.firstPublicPEM.utf8), to: "huge.pub")
        #expect(throws: KeyError.notAKey) { try VerificationKey(contentsOfFile: "\(folder.path)/huge.pub") }
        #expect(throws: KeyError.file(FileError("open", "\(folder.path)/none.pub", code: ENOENT))) {
            try VerificationKey(contentsOfFile: "\(folder.path)/none.pub")
        }
        #expect(throws: KeyError.file(FileError("read", folder.path, code: EISDIR))) {
            try SigningKey(contentsOfFile: folder.path)
        }
    }
}
