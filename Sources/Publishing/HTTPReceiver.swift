internal import Checksum
internal import HTTP

/// Posts messages to a web server.
struct HTTPReceiver: Receiver {
    struct Settings: Sendable {
        let url: HTTPURL
        let options: HTTPOptions
        let device: String
        /// Limits of the steps of a request.
        var limits = HTTPSettings()
        /// How long a server that takes nothing is left alone: no more than some hundred readings are put aside meanwhile,
        /// and if it was right the others get their turn all the same.
        var doubtPause = Duration.seconds(600)

        init(url: HTTPURL, options: HTTPOptions, device: String) {
            self.url = url
            self.options = options
            self.device = device
            // To find the host, and to connect to each of its addresses, as with brokers.
            limits.connectLimit = .seconds(10)
            // For the handshake, and from the request to its answer: a slow mobile network and a busy database.
            limits.answerLimit = .seconds(30)
        }
    }

    private let settings: Settings
    private let client: HTTPClient
    private var tls: TLSContext?
    private var rejectionsInRow = 0

    init(_ settings: Settings) {
        self.settings = settings
        client = HTTPClient(settings.limits)
    }

    var name: String { settings.url.origin }

    /// Connects, with certificates as they lie on the disk now.
    mutating func open() throws(ReceiverFailure) {
        if settings.url.scheme == .https {
            do throws(TLSContext.Failure) {
                let tls = try TLSContext(settings.options.tls, host: settings.url.host)
                client.tls = tls
                self.tls = tls
            } catch {
                throw ReceiverFailure(text: "cannot connect to \(name): \(error.reason)")
            }
        }
        do throws(HTTPError) { try client.connect(to: settings.url) } catch { throw failure(error) }
    }

    mutating func deliver(_ message: OutboxMessage) throws(ReceiverFailure) -> String? {
        let body: [UInt8]
        do throws(SenML.NotFiniteError) {
            body = try message.pack(device: settings.device, as: settings.options.format)
        } catch {
            return error.description
        }
        var request = HTTPClient.Request(url: settings.url)
        request.body = body
        let numbers = message.numbers
        // A server that goes by the draft refuses another body with a key that it knows. Times relative to the sending
        // differ each time, and a gap may come in a reading's place.
        let sum = String(crc32(body), radix: 16)
        request.fields = [
            ("Content-Type", settings.options.format.mediaType),
            // A string of RFC 9651: in quotes, which no id of a device has.
            ("Idempotency-Key", "\"\(settings.device)/\(numbers.lowerBound)-\(numbers.upperBound)/\(sum)\""),
        ]
        if let token = settings.options.token { request.fields.append(("Authorization", "Bearer \(token)")) }
        let head: ResponseHead
        // After a time of silence, with certificates as they are now.
        if !client.isConnected(to: settings.url) { try open() }
        do throws(HTTPError) { head = try client.post(request) } catch { throw failure(error) }
        if (200...299).contains(head.status) {
            rejectionsInRow = 0
            return nil
        }
        let error = HTTPError.status(settings.url.shown, code: head.status)
        if Self.isRejection(head.status) {
            rejectionsInRow += 1
            if rejectionsInRow < Self.mostRejections { return error.fact }
            rejectionsInRow = 0
            throw ReceiverFailure(text: error.fact, pause: settings.doubtPause)
        }
        // Its other form, a date, would need a clock that is right.
        let pause = head.value(of: "retry-after").flatMap { ResponseHead.number($0.utf8) }
        throw ReceiverFailure(text: error.fact, pause: pause.map { .seconds($0) })
    }

    /// Whether a status is about what was sent, so that something else may be taken (RFC 9110, section 15.5): Bad Request,
    /// Content Too Large, Unprocessable Content.
    ///
    /// All others are about who we are, where it goes or what passes: everything would be turned away.
    static func isRejection(_ status: Int) -> Bool { [400, 413, 422].contains(status) }

    /// After so many with nothing taken between, it may not be what was sent: something on the way may answer so to everything.
    /// Each reading is sent three times before it is put aside, so that with an outbox of the usual size those put aside until
    /// then are all kept as dead letters.
    static let mostRejections = Int(OutboxDatabase.mostDeadLetters)

    private func failure(_ error: HTTPError) -> ReceiverFailure {
        if case .insecure(let server, _) = error, let reason = tls?.verificationFailure {
            return ReceiverFailure(text: "\(server) cannot be trusted: \(reason)")
        }
        return ReceiverFailure(text: error.fact)
    }
}
