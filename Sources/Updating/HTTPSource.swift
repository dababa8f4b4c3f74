internal import Bundle
internal import Glibc
public import HTTP

/// A bundle on a web server.
///
/// Of a server that knows ranges (every plain one does) only what is asked for is fetched. A connection that breaks is
/// taken up again where it broke. What was fetched before and after such a break, or by several requests, belongs to the
/// same file: its entity tag, or else its date, is compared.
public final class HTTPSource: BundleSource {
    public var name: String { url.shown }
    public private(set) var size: Int?
    public var isLocal: Bool { false }
    public private(set) var fetched = 0

    /// Told of each failure that is not the last one: what happened, and how long the pause is.
    public var onRetry: (HTTPError, Duration) -> Void = { _, _ in }

    private let url: HTTPURL
    /// Where redirects led.
    private var place: HTTPURL
    private let settings: HTTPSettings
    private let client: HTTPClient
    private var throttle: Throttle?
    private var expected: [Range<Int>] = []
    private var answer: HTTPClient.Answer?
    /// Offset in the bundle of the next byte of the answer.
    private var position = 0
    /// Offset in the bundle where the answer ends.
    private var end = 0
    private var hasChanged = false
    private var isFirstAnswer = true
    private var identity = Identity()
    /// Failures in a row.
    private var failures = 0

    /// What tells one file from another one under the same address.
    private struct Identity: Equatable {
        var tag: String?
        var date: String?

        init() {}

        init(_ head: ResponseHead) {
            tag = head.value(of: "etag")
            date = head.value(of: "last-modified")
        }

        /// For `If-Range`, which allows no weak tags (RFC 9110, section 13.1.5).
        var validator: String? { tag.map { $0.hasPrefix("\"") ? $0 : nil } ?? date }

        func differs(from other: Identity) -> Bool {
            if let tag, let otherTag = other.tag { return tag != otherTag }
            if let date, let otherDate = other.date { return date != otherDate }
            return false
        }
    }

    public init(_ url: HTTPURL, settings: HTTPSettings) {
        self.url = url
        self.settings = settings
        place = url
        // As the client asks for: a broken connection is an error here, not the program's end.
        signal(SIGPIPE, SIG_IGN)
        client = HTTPClient(settings)
        throttle = settings.rateLimit.map(Throttle.init)
    }

    public func expect(_ ranges: [Range<Int>]) { expected = ranges }

    public func read(at offset: Int, count: Int) throws(UpdateError) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count {
            do throws(HTTPError) {
                let next = offset + bytes.count
                if answer == nil || position > next || next >= end {
                    try open(at: next, atLeast: count - bytes.count)
                }
                // What lies between two ranges that one request fetches.
                let skipped = next - position
                let part = try take(skipped > 0 ? skipped : count - bytes.count)
                if skipped == 0 { bytes += part }
            } catch {
                try recover(from: error)
            }
            try checkIdentity()
        }
        return bytes
    }

    public func finish(bundleSize: Int) throws(UpdateError) { answer = nil }

    private func open(at offset: Int, atLeast count: Int) throws(HTTPError) {
        answer = nil
        // What the server would answer: there is nothing.
        if let size, offset >= size { throw .status(name, code: 416) }
        let upper = max(expected.first { $0.contains(offset) }?.upperBound ?? 0, offset + count)
        var request = HTTPClient.Request(url: place)
        request.range = (offset, size.map { min(upper, $0) } ?? upper)
        request.validator = identity.validator
        var answer = try client.get(request)
        fetched += answer.overhead
        place = answer.url

        let found = Identity(answer.head)
        if isFirstAnswer { identity = found } else if identity.differs(from: found) { hasChanged = true }
        let total: Int?
        if answer.head.status == 206 {
            // Several ranges come as multipart/byteranges, without this field; one was asked for.
            guard let range = answer.head.value(of: "content-range").flatMap(ContentRange.init),
                range.bytes.lowerBound == offset, range.bytes.upperBound <= upper
            else { throw .malformed(place.host, reason: "it sends another range than it was asked for") }
            if case .length(let length) = answer.head.body, length != range.bytes.count {
                throw .malformed(place.host, reason: "it sends another number of bytes than its range has")
            }
            position = offset
            end = range.bytes.upperBound
            total = range.total
        } else {
            // All of it: the server knows no ranges, or the file has changed.
            position = 0
            if case .length(let length) = answer.head.body { total = length } else { total = nil }
            end = total ?? .max
        }
        if let total {
            if let size, size != total { hasChanged = true }
            size = total
        }
        isFirstAnswer = false
        answer.body.startClock()
        self.answer = answer
    }

    /// Takes up to `count` bytes of the answer.
    private func take(_ count: Int) throws(HTTPError) -> [UInt8] {
        guard var current = answer, !hasChanged else { return [] }
        // The client's own reading is limited by what a TLS record holds.
        let part = try current.body.read(atMost: min(count, throttle?.portion ?? count))
        answer = current
        position += part.count
        fetched += part.count
        if current.body.isComplete || part.isEmpty {
            answer = nil
            try client.finish(current)
            // A body may be shorter than the range only when its length was not told.
            if part.isEmpty { throw .cutOff(place.host) }
        }
        failures = 0
        if var throttle {
            settings.pause(throttle.pause(after: part.count))
            self.throttle = throttle
        }
        return part
    }

    private func checkIdentity() throws(UpdateError) {
        if hasChanged { throw .sourceChanged(name) }
    }

    /// Waits before the next attempt, or gives up.
    private func recover(from error: HTTPError) throws(UpdateError) {
        answer = nil
        if case .status(_, 416) = error { throw .bundle(.truncated(size: size ?? 0)) }
        if !error.mayPass, place != url {
            // An address for a limited time, say, has run out: the first one leads to a fresh one.
            place = url
        } else if isFirstAnswer || !error.mayPass || failures >= settings.maximumRetries {
            throw .http(error)
        }
        failures += 1
        guard failures <= settings.maximumRetries else { throw .http(error) }
        let pause = Duration.seconds(min(60, 1 << (failures - 1)))
        onRetry(error, pause)
        settings.pause(pause)
    }
}
