/// How to fetch.
public struct HTTPSettings: Sendable {
    /// The authorities whose certificates https accepts, PEM: where Debian puts Mozilla's list.
    public var certificates = "/etc/ssl/certs/ca-certificates.crt"
    public var proxies = Proxies()
    /// Bytes a second, at least 1024; nil for no limit.
    public var rateLimit: Int?
    /// RFC 9110 leaves it to us; five is what it says older clients expected.
    public var maximumRedirects = 5
    /// How often in a row a connection that was good before may fail without a byte of progress. With pauses that double
    /// from 1 s to 60 s that is about six minutes.
    public var maximumRetries = 10

    /// To find the host's addresses, and as much again to connect to each of them.
    public var connectLimit = Duration.seconds(20)
    /// From the request to the end of the answer's header; the TLS handshake has as much again.
    public var answerLimit = Duration.seconds(30)
    /// ``minimumProgress`` must arrive within this time, again and again.
    public var progressLimit = Duration.seconds(60)
    /// For how long a connection is kept that nobody uses. Most servers close it after a minute (nginx's keepalive_timeout:
    /// 75 s), and address translation on the way forgets it without a word, which would cost the next request its
    /// ``answerLimit``.
    package var idleLimit = Duration.seconds(60)
    /// Bytes. Slower than this a bundle of 20 MB would take two weeks.
    static let minimumProgress = 1024

    /// Finds the addresses of a host; another one in tests.
    package var search: Resolver.Search = { Resolver.systemSearch($0, $1) }
    /// Waits before a retry; another one in tests.
    package var pause: @Sendable (Duration) -> Void = { Self.sleep($0) }

    public init() {}
}
