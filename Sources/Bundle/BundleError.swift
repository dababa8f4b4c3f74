/// Why a bundle cannot be read or written.
public enum BundleError: Error, Sendable, Equatable, CustomStringConvertible {
    case file(FileError)
    case notABundle
    case unsupportedFormat(UInt32)
    /// Ends after this many bytes.
    case truncated(size: Int)
    case trailingBytes
    /// A length that exceeds the limit of the format.
    case tooLarge(String, size: Int, maximum: Int)
    case signaturesMalformed
    /// Signed with none of the trusted keys, but with those of these ids.
    case unknownSigner(keyIDs: [String])
    /// The signature of a trusted key does not fit the manifest.
    case badSignature(keyID: String)
    case manifestMalformed(String)
    /// The chunk that stands at this byte of the bundle is not as its hashes say.
    case chunkDamaged(storedOffset: Int)
    /// Each chunk is as its hash says but their sequence is not as the payload's hash says.
    case payloadInconsistent(String)
    /// What the caller of the writer gave cannot be in a bundle.
    case invalidContent(String)

    /// What is wrong; the caller puts the file's name before it.
    public var fact: String {
        switch self {
        case .file(let error): error.description
        case .notABundle: "this is not an Apus bundle"
        case .unsupportedFormat(let format): "the bundle has format \(format), this program reads format 1"
        case .truncated(let size): "the bundle is cut off after \(size) bytes"
        case .trailingBytes: "more bytes follow after the end of the bundle"
        case .tooLarge(let what, let size, let maximum): "\(what) of \(size) bytes, more than the \(maximum) allowed"
        case .signaturesMalformed: "the bundle's signatures are damaged"
        case .unknownSigner(let keyIDs): "the bundle is signed by \(keyIDs.joined(separator: ", ")), no trusted key"
        case .badSignature(let keyID): "the bundle was changed after key \(keyID) signed it"
        case .manifestMalformed(let reason): "the bundle's manifest is damaged: \(reason)"
        case .chunkDamaged(let offset): "the chunk at byte \(offset) of the bundle is damaged"
        case .payloadInconsistent(let name): "payload \(name) does not match its hash, though its chunks do"
        case .invalidContent(let reason): reason
        }
    }

    /// What to do about it; empty where the fact says it.
    public var remedy: String {
        switch self {
        case .file, .invalidContent: ""
        case .notABundle: "name a file that `fwtool build` made"
        case .unsupportedFormat: "update this program, or build the bundle with the version that matches it"
        case .truncated, .trailingBytes, .signaturesMalformed, .manifestMalformed, .chunkDamaged, .badSignature:
            "copy or download it again; if that does not help, build it again"
        case .tooLarge: "this cannot be a sound bundle; copy or build it again"
        case .unknownSigner: "sign it with a key that is trusted here, or give the public key of its signer"
        case .payloadInconsistent: "build it again, the program that made it has a fault"
        }
    }

    public var description: String { remedy.isEmpty ? fact : "\(fact); \(remedy)" }
}
