import JSON

/// The signatures over a bundle's manifest.
struct SignatureList: Equatable {
    struct Signature: Equatable {
        /// ``VerificationKey/id`` of the signing key.
        let keyID: String
        let bytes: [UInt8]
    }

    /// Most signatures a bundle can have: keys are rotated with two or three.
    static let maximumCount = 16

    /// What is signed stands behind this text, so that a signature over a manifest can never pass for one over
    /// something else that the same key signs.
    private static let domain = Array("Apus bundle manifest, format 1\0".utf8)

    let signatures: [Signature]

    /// - Parameter others: signatures to keep, unless they are of one of the keys. They come first.
    init(signing manifest: [UInt8], with keys: [SigningKey], besides others: [Signature] = []) {
        let message = Self.domain + manifest
        let ids = keys.map(\.verificationKey.id)
        signatures =
            others.filter { !ids.contains($0.keyID) }
            + keys.map { Signature(keyID: $0.verificationKey.id, bytes: $0.signature(over: message)) }
    }

    /// - Parameter bytes: canonical JSON from an untrusted file. Every other spelling of the same list is refused, so
    ///   that no byte can be changed without notice.
    init(decoding bytes: [UInt8]) throws(BundleError) {
        guard let json = try? JSON(parsing: bytes), let elements = json.arrayValue, !elements.isEmpty,
            elements.count <= Self.maximumCount
        else { throw .signaturesMalformed }
        var signatures: [Signature] = []
        for element in elements {
            guard let keyID = element.objectValue?["key"]?.stringValue,
                Bundle.bytes(hexadecimal: keyID, count: 8) != nil,
                let signature = element.objectValue?["signature"]?.stringValue,
                let signatureBytes = Bundle.bytes(hexadecimal: signature, count: SigningKey.signatureSize)
            else { throw .signaturesMalformed }
            signatures.append(Signature(keyID: keyID, bytes: signatureBytes))
        }
        self.signatures = signatures
        guard encoded() == bytes else { throw .signaturesMalformed }
    }

    func encoded() -> [UInt8] {
        let json = JSON.array(
            signatures.map { ["key": .string($0.keyID), "signature": .string(hexadecimal($0.bytes))] })
        // Only numbers can fail to serialize, and there are none.
        return (try? json.serialized()) ?? []
    }

    /// The ids of the trusted keys that signed the manifest, at least one.
    ///
    /// Signatures of other keys are passed over: during a rotation a bundle carries the new key's signature too, which
    /// older devices do not know yet. A wrong signature of a trusted key refuses the bundle even if another fits.
    func verify(_ manifest: [UInt8], trusting keys: [VerificationKey]) throws(BundleError) -> [String] {
        let message = Self.domain + manifest
        var signers: [String] = []
        for signature in signatures {
            let candidates = keys.filter { $0.id == signature.keyID }
            if candidates.isEmpty { continue }
            guard candidates.contains(where: { $0.isValid(signature: signature.bytes, over: message) }) else {
                throw .badSignature(keyID: signature.keyID)
            }
            signers.append(signature.keyID)
        }
        guard !signers.isEmpty else { throw .unknownSigner(keyIDs: signatures.map(\.keyID)) }
        return signers
    }
}
