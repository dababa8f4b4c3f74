internal import Glibc

/// The proxies of the environment, by the names and rules of curl and wget.
public struct Proxies: Sendable, Equatable {
    /// For `http://`, for `https://`; empty for none.
    public var http = ""
    public var https = ""
    /// Hosts that are asked directly, separated by commas: a name stands for its subdomains too, `*` for all.
    public var exceptions = ""

    public init() {}

    /// From `http_proxy`, `https_proxy` and `no_proxy`. The latter two also in capitals; `HTTP_PROXY` is left alone, as
    /// curl does it (a web server sets it from a request's `Proxy` field).
    public static var environment: Proxies {
        func value(_ names: String...) -> String {
            for name in names {
                if let text = getenv(name) { return String(cString: text) }
            }
            return ""
        }
        var proxies = Proxies()
        proxies.http = value("http_proxy")
        proxies.https = value("https_proxy", "HTTPS_PROXY")
        proxies.exceptions = value("no_proxy", "NO_PROXY")
        return proxies
    }

    /// The proxy on the way to `url`; nil for none.
    ///
    /// - Throws: ``HTTPError/proxy(_:)``.
    func proxy(for url: HTTPURL) throws(HTTPError) -> HTTPURL? {
        let text = url.scheme == .http ? http : https
        guard !text.isEmpty, !isException(url.host) else { return nil }
        let proxy: HTTPURL
        do throws(HTTPError) {
            proxy = try HTTPURL(HTTPURL.isMeant(by: text) ? text : "http://\(text)")
        } catch {
            throw .proxy(error.fact)
        }
        guard proxy.scheme == .http else { throw .proxy("it must be reached by http://, not \(proxy.scheme)://") }
        return proxy
    }

    private func isException(_ host: String) -> Bool {
        exceptions.split { $0 == "," || $0 == " " }.contains { entry in
            let name = entry.drop { $0 == "." }.lowercased()
            return name == "*" || host == name || !name.isEmpty && host.hasSuffix(".\(name)")
        }
    }
}
