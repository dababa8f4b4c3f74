/// The body of an answer as it comes in.
package struct HTTPBody {
    private enum Framing {
        case length(left: Int)
        /// Bytes left of the present chunk; nil before the first.
        case chunked(left: Int?)
        case untilClose
        case done
    }

    private let connection: HTTPConnection
    private var framing: Framing
    private let progressLimit: Duration
    private var deadline: Deadline
    /// Since the deadline was set.
    private var progress = 0

    init(_ head: ResponseHead, on connection: HTTPConnection, progressLimit: Duration) {
        self.connection = connection
        self.progressLimit = progressLimit
        deadline = Deadline(after: progressLimit)
        framing =
            switch head.body {
            case .length(0): .done
            case .length(let count): .length(left: count)
            case .chunked: .chunked(left: nil)
            case .untilClose: .untilClose
            }
    }

    /// Whether the whole body has been read, so that another request may follow.
    package var isComplete: Bool {
        if case .done = framing { return true }
        return false
    }

    /// Time in which nobody asked for bytes is no fault of the server.
    package mutating func startClock() {
        deadline = Deadline(after: progressLimit)
        progress = 0
    }

    /// Up to `count` bytes, at least one; empty at the end of the body.
    package mutating func read(atMost count: Int) throws(HTTPError) -> [UInt8] {
        switch framing {
        case .done: return []
        case .untilClose:
            let bytes = try receive(count)
            if bytes.isEmpty { framing = .done }
            return bytes
        case .length(let left):
            let bytes = try receive(min(count, left))
            guard !bytes.isEmpty else { throw .cutOff(connection.name) }
            framing = bytes.count == left ? .done : .length(left: left - bytes.count)
            return bytes
        case .chunked(let left):
            return try readChunked(count, left)
        }
    }

    /// RFC 9112, section 7.1: size in hexadecimal, extensions, CR LF, bytes, CR LF; size 0 ends, trailer fields follow.
    private mutating func readChunked(_ count: Int, _ left: Int?) throws(HTTPError) -> [UInt8] {
        var size = left ?? 0
        if left == 0 { _ = try line(emptyOnly: true) }
        if size == 0 {
            let digits = try line().prefix { $0 != ";" && $0 != " " && $0 != "\t" }
            // 15 digits: no overflow.
            guard (1...15).contains(digits.utf8.count), digits.first != "+", digits.first != "-",
                let number = Int(digits, radix: 16)
            else { throw .malformed(connection.name, reason: "a chunk has no size") }
            size = number
            if size == 0 {
                var trailers = 0
                while try !line().isEmpty {
                    trailers += 1
                    guard trailers <= ResponseHead.maximumFields else {
                        throw .malformed(connection.name, reason: "it has too many fields")
                    }
                }
                framing = .done
                return []
            }
        }
        let bytes = try receive(min(count, size))
        guard !bytes.isEmpty else { throw .cutOff(connection.name) }
        framing = .chunked(left: size - bytes.count)
        return bytes
    }

    private mutating func line(emptyOnly: Bool = false) throws(HTTPError) -> String {
        let bytes = try connection.read(
            through: [0x0D, 0x0A], limit: ResponseHead.maximumSize, what: "a line", until: deadline)
        guard let bytes else { throw .cutOff(connection.name) }
        guard !emptyOnly || bytes.isEmpty else { throw .malformed(connection.name, reason: "a chunk is too long") }
        return String(decoding: bytes, as: UTF8.self)
    }

    private mutating func receive(_ count: Int) throws(HTTPError) -> [UInt8] {
        let bytes = try connection.read(atMost: count, until: deadline)
        progress += bytes.count
        if progress >= HTTPSettings.minimumProgress { startClock() }
        return bytes
    }
}
