/// Why a key cannot be used or written.
public enum KeyError: Error, Sendable, Equatable, CustomStringConvertible {
    case file(FileError)
    case alreadyExists(path: String)
    /// Not PEM text that holds a key.
    case notAKey
    /// A key of another algorithm than Ed25519.
    case notEd25519
    /// A private key protected by a passphrase, and none was given.
    case encrypted
    case wrongPassphrase
    case privateWherePublicNeeded
    case publicWherePrivateNeeded

    /// What is wrong; the caller puts the file's name before it.
    public var fact: String {
        switch self {
        case .file(let error): error.description
        case .alreadyExists(let path): "\(path) exists already"
        case .notAKey: "this is not a key in PEM format"
        case .notEd25519: "this is not an Ed25519 key"
        case .encrypted: "the private key is protected by a passphrase"
        case .wrongPassphrase: "the passphrase does not open the private key"
        case .privateWherePublicNeeded: "this is a private key where a public key is needed"
        case .publicWherePrivateNeeded: "this is a public key where a private key is needed"
        }
    }

    /// What to do about it; empty where the fact says it.
    public var remedy: String {
        switch self {
        case .file: ""
        case .alreadyExists: "choose another name: an overwritten key is lost"
        case .notAKey, .notEd25519: "make one with `fwtool keys new`"
        case .encrypted: "give its passphrase"
        case .wrongPassphrase: "try another passphrase; without it nobody can use the key"
        case .privateWherePublicNeeded: "name its .pub file, and keep the private key to yourself"
        case .publicWherePrivateNeeded: "name its .key file"
        }
    }

    public var description: String { remedy.isEmpty ? fact : "\(fact); \(remedy)" }
}
