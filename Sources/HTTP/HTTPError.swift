/// Why a web server, or the way to it, did not give what was asked for.
public enum HTTPError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Never repeats the URL, which may hold a password.
    case invalidURL(String)
    case unknownHost(String, reason: String, mayPass: Bool)
    case unreachable(String, reason: String)
    /// `step` as in "SERVER did not STEP in time".
    case timedOut(String, step: String)
    /// The connection ended before the answer did.
    case cutOff(String)
    /// The certificate or the handshake; nothing was sent to the server.
    case insecure(String, reason: String)
    /// The file of certificates that https needs.
    case noCertificates(path: String)
    case malformed(String, reason: String)
    case status(String, code: Int)
    case tooManyRedirects(String, limit: Int)
    /// From https to http.
    case insecureRedirect(String)
    case proxy(String)

    public var fact: String {
        switch self {
        case .invalidURL(let reason): "the URL is not valid: \(reason)"
        case .unknownHost(let host, let reason, _): "the address of \(host) cannot be found: \(reason)"
        case .unreachable(let server, let reason): "\(server) cannot be reached: \(reason)"
        case .timedOut(let server, let step): "\(server) did not \(step) in time"
        case .cutOff(let server): "\(server) ended the connection in the middle of its answer"
        case .insecure(let server, let reason): "\(server) cannot be trusted: \(reason)"
        case .noCertificates(let path): "\(path) holds no certificates, which https needs"
        case .malformed(let server, let reason): "\(server) answers wrongly: \(reason)"
        case .status(let url, let code): "\(url): the server answers \(code) \(Self.meaning(of: code))"
        case .tooManyRedirects(let server, let limit): "\(server) sends on more than \(limit) times"
        case .insecureRedirect(let server): "\(server) sends on from https to http"
        case .proxy(let reason): "the proxy: \(reason)"
        }
    }

    public var remedy: String {
        switch self {
        case .invalidURL: "write it as in https://host:8443/folder/name.apus"
        case .unknownHost: "check the name, the network and /etc/resolv.conf"
        case .unreachable, .timedOut, .cutOff: "check the network and the server, then start the update again"
        case .insecure: "correct the server's certificate, or give its authority's with --ca FILE"
        case .noCertificates: "give the certificate of the server's authority with --ca FILE"
        case .malformed: "a plain web server is enough; check what stands between it and this device"
        case .status(_, 401), .status(_, 403): "check user, password and the server's access rules"
        case .status(_, 404), .status(_, 410): "check the address"
        case .status: "look into the server's log"
        case .tooManyRedirects, .insecureRedirect: "give the address it finally leads to"
        case .proxy: "check http_proxy, https_proxy and no_proxy"
        }
    }

    public var description: String { "\(fact); \(remedy)" }

    /// Whether the same request may succeed a little later.
    package var mayPass: Bool {
        switch self {
        case .unreachable, .timedOut, .cutOff: true
        case .unknownHost(_, _, let mayPass): mayPass
        // Request Timeout, Too Many Requests, and the server's own trouble (RFC 9110, RFC 6585).
        case .status(_, let code): code == 408 || code == 429 || (500...599).contains(code) && code != 501
        default: false
        }
    }

    private static func meaning(of code: Int) -> String {
        switch code {
        case 401: "(asks for a password)"
        case 403: "(forbidden)"
        case 404: "(nothing is there)"
        case 410: "(it is gone)"
        case 416: "(it is shorter than expected)"
        case 429: "(too many requests)"
        case 500...599: "(it has trouble of its own)"
        default: "(not what was asked for)"
        }
    }
}
