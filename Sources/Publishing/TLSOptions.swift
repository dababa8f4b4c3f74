/// How connections with TLS prove who is who. TLS 1.3 is used where the other side has it, 1.2 otherwise, nothing older.
public struct TLSOptions: Sendable, Hashable {
    /// Whose signature under a broker's certificate counts.
    public enum Authorities: Sendable, Hashable {
        /// The public authorities that the system's image brings.
        case system
        /// Only those in a file of PEM certificates.
        case file(String)
        /// Only those in a text of PEM certificates, such as one in the app's source.
        case pem(String)
    }

    public var authorities = Authorities.system

    /// The path of our own certificate, PEM, with those that lead to its authority behind it; nil for none.
    public var certificate: String?

    /// The path of the certificate's private key, PEM, not encrypted; nil when it stands in the certificate's file.
    public var key: String?

    /// The name or IP address that the broker's certificate must be of; nil for the host in its URL.
    public var serverName: String?

    public init() {}

    /// As a device is configured, with keys that begin so.
    init(configuration value: (String) -> String?, prefix: String) {
        if let path = value("\(prefix).ca") { authorities = .file(path) }
        certificate = value("\(prefix).certificate")
        key = value("\(prefix).key")
        serverName = value("\(prefix).name")
    }
}
