internal import HTTP

/// How readings go to a web server: as SenML packs in the bodies of POST requests, one after the other.
///
/// Each request has an `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header), which is the same when the same
/// body is sent again.
public struct HTTPOptions: Sendable, Hashable {
    /// Where to: `https://[user:password@]host[:port]/path`. Without TLS, `http://...`, everybody on the way can read along
    /// and pretend to be the server.
    public var url: String

    /// What https takes for proof.
    public var tls = TLSOptions()

    /// How the readings are written down, which `Content-Type` tells.
    public var format = SenMLFormat.json

    /// A bearer token (RFC 6750) instead of user and password.
    public var token: String?

    /// From one request to the next at least, so that readings of one moment share what a request costs, some six hundred
    /// bytes. A reading after a time of silence goes at once, and a full request is followed by the next at once.
    public var interval = Duration.seconds(1)

    /// What is wrong with the configuration these were made from.
    private var problem: ConfigurationProblem?

    /// - Parameter url: as ``url``.
    public init(_ url: String) {
        self.url = url
    }

    /// As a device is configured (docs/publishing.md). What is not valid fails the publisher when it starts, with
    /// a sentence that says what.
    /// - Parameter value: the value of a key; nil where it is not set.
    public init(configuration value: (String) -> String?) {
        self.init(value("https") ?? "")
        tls = TLSOptions(configuration: value, prefix: "https")
        token = value("https.token")
        if let name = value("https.format") {
            if let format = SenMLFormat(rawValue: name) {
                self.format = format
            } else {
                problem = ConfigurationProblem(key: "https.format", problem: "\"\(name)\" is neither json nor cbor")
            }
        }
        if let text = value("https.interval") {
            // Int would take a sign too. A day, as any longer would be a mistake.
            if text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let seconds = Int(text), (0...86_400) ~= seconds {
                interval = .seconds(seconds)
            } else {
                problem = ConfigurationProblem(
                    key: "https.interval", problem: "\"\(text)\" is no number of seconds from 0 to 86400")
            }
        }
    }

    /// Why the options cannot be used.
    struct Problem: Error, Hashable, CustomStringConvertible {
        /// Never repeats the URL or the token.
        let description: String
    }

    /// Longer than servers take a field for (nginx and Apache: 8 KiB with its name).
    private static let longestToken = 8000

    /// - Parameter device: the device's id, valid.
    /// - Throws: what is not valid.
    func settings(device: String) throws -> HTTPReceiver.Settings {
        if let problem { throw problem }
        let address: HTTPURL
        do throws(HTTPError) { address = try HTTPURL(url) } catch {
            throw Problem(description: "the server: \(error.fact)")
        }
        if let token {
            guard !address.hasCredentials else {
                throw Problem(description: "the server gets a user or a token, not both")
            }
            // RFC 6750, section 2.1. Anything else could end the field and begin another.
            let isValid = token.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
                case UInt8(ascii: "0")...UInt8(ascii: "9"): true
                default: "-._~+/=".utf8.contains(byte)
                }
            }
            guard isValid, (1...Self.longestToken).contains(token.utf8.count) else {
                throw Problem(
                    description: "the token must have 1 to \(Self.longestToken) letters, digits and -._~+/=, no others")
            }
        }
        return HTTPReceiver.Settings(url: address, options: self, device: device)
    }
}
