internal import CMosquitto
internal import Glibc

/// One connection to a broker, through libmosquitto. For one thread, which also runs the callbacks.
///
/// A new one for every attempt: nothing of a failed connection can disturb the next, and the only messages sent again
/// are those the publisher sends again.
final class MQTTClient {
    /// Why the connection ended or did not come about.
    struct Failure: Error {
        let state: BrokerState
        /// Whether the broker may understand the other version of MQTT.
        var doubt = Doubt.none

        enum Doubt {
            case none
            /// It went away without a word, as some do that do not know MQTT 5.
            case possible
            /// It said so.
            case certain
        }
    }

    /// Milliseconds after which data the broker's host did not acknowledge ends the connection (TCP_USER_TIMEOUT in
    /// tcp(7)): sooner than the keep-alive notices, later than any pause of a mobile network that is worth waiting for.
    private static let unacknowledgedMilliseconds: Int32 = 20_000

    /// From here on a reason code means failure (MQTT 5, section 2.4).
    private static let firstFailure: Int32 = 0x80

    /// Whether the broker let us in.
    private(set) var isActive = false

    private var acknowledged: [UInt64] = []
    private var rejected: [TransportProgress.Rejection] = []
    /// Messages that were turned away while the broker has taken none: is it them, or us?
    private var turnedAway: [TransportProgress.Rejection] = []
    private var hasTaken = false
    private var rejectionsInRow = 0
    /// As with a web server, see ``HTTPReceiver/mostRejections``.
    private static let mostRejections = HTTPReceiver.mostRejections
    /// When it has had time enough to take others.
    private(set) var judgement: ContinuousClock.Instant?

    private let settings: MQTTSettings
    private let broker: BrokerURL
    private let version: MQTTVersion
    private let handle: OpaquePointer
    private let tls: TLSContext?
    private var numbers: [Int32: UInt64] = [:]
    /// Retained messages that the broker has yet to acknowledge.
    private var retained: Set<Int32> = []
    /// What a callback had to say about the end of the connection.
    private var failure: Failure?
    /// What OpenSSL had to say, as the library logs it.
    private var tlsError: String?
    /// Bytes of the largest packet the broker takes; nil when it did not say.
    private var maximumPacketSize: UInt32?

    /// Once per process, before anything else of the library.
    private static let isLibraryReady = mosquitto_lib_init() == MOSQ_ERR_SUCCESS.rawValue

    /// - Throws: ``Failure`` when there is no memory or no file descriptor for a client, or nothing to do TLS with.
    init(_ settings: MQTTSettings, _ broker: BrokerURL, _ version: MQTTVersion) throws(Failure) {
        do throws(TLSContext.Failure) {
            tls = broker.isSecure ? try TLSContext(settings.tls, host: broker.host, announced: true) : nil
        } catch {
            throw Failure(state: .misconfigured(reason: error.reason))
        }
        // A session that goes on lets the will wait; in 3.1.1 it could not end without us.
        guard Self.isLibraryReady, let handle = mosquitto_new(settings.clientID, version == .v311, nil) else {
            throw Failure(state: .unreachable(reason: String(cString: strerror(errno))))
        }
        self.settings = settings
        self.broker = broker
        self.version = version
        self.handle = handle
        // Unretained: the callbacks run in calls that this object makes.
        mosquitto_user_data_set(handle, Unmanaged.passUnretained(self).toOpaque())
        mosquitto_int_option(handle, MOSQ_OPT_PROTOCOL_VERSION, version.option)
        // A reading is sent when it is taken, not when its predecessor is acknowledged.
        mosquitto_int_option(handle, MOSQ_OPT_TCP_NODELAY, 1)
        // The publisher has a window of its own. Where the broker's is smaller, the library holds back what is above it.
        mosquitto_int_option(handle, MOSQ_OPT_SEND_MAXIMUM, Int32(UInt16.max))
        if let tls {
            mosquitto_int_option(handle, MOSQ_OPT_SSL_CTX_WITH_DEFAULTS, 0)
            mosquitto_void_option(handle, MOSQ_OPT_SSL_CTX, UnsafeMutableRawPointer(tls.handle))
        }
        if let user = broker.user { mosquitto_username_pw_set(handle, user, broker.password) }
        setWill()
        mosquitto_connect_v5_callback_set(handle) { _, context, code, _, properties in
            client(of: context)?.answered(code, properties)
        }
        mosquitto_publish_v5_callback_set(handle) { _, context, id, code, _ in client(of: context)?.published(id, code)
        }
        mosquitto_disconnect_v5_callback_set(handle) { _, context, code, _ in client(of: context)?.disconnected(code) }
        mosquitto_log_callback_set(handle) { _, context, level, text in client(of: context)?.logged(level, text) }
    }

    deinit {
        mosquitto_destroy(handle)
    }

    /// The socket, to wait on; -1 when there is no connection.
    var descriptor: Int32 { mosquitto_socket(handle) }

    /// Whether data waits for the socket to become writable.
    var wantsToWrite: Bool { mosquitto_want_write(handle) }

    /// Connects and sends CONNECT. Blocks for the handshakes of TCP and TLS.
    /// - Parameter address: the broker's, in numbers. Its certificate must be of the host in the URL all the same.
    func connect(to address: String) throws(Failure) {
        var properties: OpaquePointer?
        if version == .v5 {
            mosquitto_property_add_int32(
                &properties, Int32(MQTT_PROP_SESSION_EXPIRY_INTERVAL.rawValue), settings.sessionExpiry)
        }
        defer { mosquitto_property_free_all(&properties) }
        errno = 0
        // The library takes no less than 5 s.
        let code = mosquitto_connect_bind_v5(
            handle, address, Int32(broker.port), Int32(max(5, settings.keepAlive)), nil, properties)
        let systemError = errno
        if code != Int32(MOSQ_ERR_SUCCESS.rawValue), let state = tlsFailure(systemError) { throw Failure(state: state) }
        switch code {
        case Int32(MOSQ_ERR_SUCCESS.rawValue):
            var limit = Self.unacknowledgedMilliseconds
            setsockopt(
                descriptor, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, &limit, socklen_t(MemoryLayout<Int32>.size))
        case Int32(MOSQ_ERR_EAI.rawValue):
            // The library leaves getaddrinfo's code in errno.
            throw Failure(state: .unresolved(reason: String(cString: gai_strerror(systemError))))
        case Int32(MOSQ_ERR_ERRNO.rawValue):
            throw Failure(state: .unreachable(reason: String(cString: strerror(systemError))))
        default:
            throw Failure(state: .unreachable(reason: String(cString: mosquitto_strerror(code))))
        }
    }

    /// Sends a message with QoS 1.
    func publish(_ message: MQTTExchange.Message) throws(Failure) {
        var id: Int32 = 0
        let code = send(message.topic, message.payload, id: &id)
        switch code {
        case Int32(MOSQ_ERR_OVERSIZE_PACKET.rawValue), Int32(MOSQ_ERR_PAYLOAD_SIZE.rawValue):
            let limit = maximumPacketSize.map { "the \($0) bytes that the broker takes" } ?? "MQTT allows"
            rejected.append(.init(number: message.number, reason: "the message is larger than \(limit)"))
        case Int32(MOSQ_ERR_INVAL.rawValue), Int32(MOSQ_ERR_MALFORMED_UTF8.rawValue):
            rejected.append(.init(number: message.number, reason: "\"\(message.topic)\" is no topic"))
        case Int32(MOSQ_ERR_QOS_NOT_SUPPORTED.rawValue):
            throw Failure(state: .readingsRefused(reason: "it does not acknowledge messages (QoS 1)"))
        default:
            // Before the check: the library keeps a message it could not send at once, and an acknowledgement may come.
            numbers[id] = message.number
            try check(code)
        }
    }

    /// Sends a message that the broker is to keep. Whether the broker took it over is not told.
    func retain(_ payload: [UInt8], on topic: String) throws(Failure) {
        var id: Int32 = 0
        switch send(topic, payload, isRetained: true, id: &id) {
        case Int32(MOSQ_ERR_SUCCESS.rawValue): retained.insert(id)
        case Int32(MOSQ_ERR_NO_CONN.rawValue): try check(Int32(MOSQ_ERR_NO_CONN.rawValue))
        // One that is too large, say, is no reason to end the connection.
        default: break
        }
    }

    /// Whether the broker has yet to answer retained messages. The library keeps any number of them.
    var isRetaining: Bool { !retained.isEmpty }

    private func send(
        _ topic: String, _ payload: [UInt8], isRetained: Bool = false, id: UnsafeMutablePointer<Int32>
    ) -> Int32 {
        mosquitto_publish_v5(handle, id, topic, Int32(clamping: payload.count), payload, 1, isRetained, nil)
    }

    /// Reads what came.
    func read() throws(Failure) {
        try check(mosquitto_loop_read(handle, 1))
    }

    /// The messages that the broker took over since the last call, and those it never will.
    func takeSettled() -> (acknowledged: [UInt64], rejected: [TransportProgress.Rejection]) {
        defer { (acknowledged, rejected) = ([], []) }
        return (acknowledged, rejected)
    }

    var hasAcknowledged: Bool { !acknowledged.isEmpty }

    /// Writes what waits.
    func write() throws(Failure) {
        try check(mosquitto_loop_write(handle, 1))
    }

    /// Keeps the connection alive; to be called about once a second, and at the ``judgement``.
    /// - Throws: ``Failure``, also when the broker takes nothing: it will be asked again with the same messages.
    func maintain() throws(Failure) {
        if let judgement, .now >= judgement, let last = turnedAway.last {
            throw Failure(state: .readingsRefused(reason: last.reason))
        }
        try check(mosquitto_loop_misc(handle))
    }

    /// Tells the broker that this is no accident, and so not to publish the will.
    func disconnect() {
        mosquitto_disconnect_v5(handle, Int32(MQTT_RC_NORMAL_DISCONNECTION.rawValue), nil)
    }
}

// Callbacks.
extension MQTTClient {
    /// The broker's answer to CONNECT.
    fileprivate func answered(_ code: Int32, _ properties: OpaquePointer?) {
        switch code {
        case Int32(MQTT_RC_SUCCESS.rawValue):
            isActive = true
            var size: UInt32 = 0
            if mosquitto_property_read_int32(
                properties, Int32(MQTT_PROP_MAXIMUM_PACKET_SIZE.rawValue), &size, false) != nil
            {
                maximumPacketSize = size
            }
        case Int32(MQTT_RC_UNSUPPORTED_PROTOCOL_VERSION.rawValue),
            1 where version == .v311:
            // 1 says the same in 3.1.1 (section 3.2.2.3).
            failure = Failure(
                state: .notABroker(reason: "it speaks neither version 5 nor 3.1.1"),
                doubt: version == .v5 ? .certain : .possible)
        default:
            let text = version == .v5 ? mosquitto_reason_string(code) : mosquitto_connack_string(code)
            failure = Failure(state: .refused(reason: text.map { String(cString: $0) } ?? "for reason \(code)"))
        }
    }

    /// The broker's answer to PUBLISH.
    fileprivate func published(_ id: Int32, _ code: Int32) {
        if retained.remove(id) != nil { return }
        guard let number = numbers.removeValue(forKey: id) else { return }
        if code < Self.firstFailure {
            acknowledged.append(number)
            hasTaken = true
            rejectionsInRow = 0
        } else {
            let rejection = TransportProgress.Rejection(
                number: number, reason: String(cString: mosquitto_reason_string(code)))
            switch code {
            // It is the message, whoever sends it.
            case Int32(MQTT_RC_TOPIC_NAME_INVALID.rawValue), Int32(MQTT_RC_PACKET_TOO_LARGE.rawValue),
                Int32(MQTT_RC_PAYLOAD_FORMAT_INVALID.rawValue):
                rejected.append(rejection)
            // It is how many they are, which passes: asked again later.
            case Int32(MQTT_RC_QUOTA_EXCEEDED.rawValue):
                failure = Failure(state: .readingsRefused(reason: rejection.reason))
            default:
                turnedAway.append(rejection)
            }
        }
        settleTurnedAway()
    }

    /// A broker that takes others of our messages means these, and goes on without them. One that takes nothing any more,
    /// because its list of who may publish was changed, means us.
    private func settleTurnedAway() {
        guard !turnedAway.isEmpty else { return }
        if hasTaken {
            rejected += turnedAway
            turnedAway = []
            judgement = nil
            rejectionsInRow += 1
            if rejectionsInRow >= Self.mostRejections { hasTaken = false }
        } else if judgement == nil {
            judgement = .now + .milliseconds(settings.judgementMilliseconds)
        }
    }

    /// The end, by the broker's DISCONNECT (its reason code) or for a reason of the library (an error code, below 0x80).
    fileprivate func disconnected(_ code: Int32) {
        guard failure == nil, code >= Self.firstFailure || code == 0 else { return }
        failure = Failure(
            state: .lost(reason: code == 0 ? "the broker closed it" : String(cString: mosquitto_reason_string(code))))
    }

    /// What the library logs. Of interest is what OpenSSL says: "OpenSSL Error[0]: error:0A000086:SSL routines::reason".
    fileprivate func logged(_ level: Int32, _ text: UnsafePointer<CChar>?) {
        guard tls != nil, tlsError == nil, level & Int32(MOSQ_LOG_ERR) != 0, let text else { return }
        let line = String(cString: text).utf8
        guard line.starts(with: "OpenSSL".utf8), let colon = line.lastIndex(of: UInt8(ascii: ":")) else { return }
        tlsError = String(line[line.index(after: colon)...])
    }

    /// What TLS has to say about a failure.
    private func tlsFailure(_ systemError: Int32) -> BrokerState? {
        guard let tls else { return nil }
        if let reason = tls.verificationFailure { return .untrusted(reason: reason) }
        if let tlsError { return .insecure(reason: tlsError) }
        // The library's error number for what OpenSSL has no words for, such as an end before its reason was read.
        return systemError == EPROTO ? .insecure(reason: "the other side ended it") : nil
    }

    private func check(_ code: Int32) throws(Failure) {
        let systemError = errno
        // What a callback heard tells more than the code.
        if let failure { throw failure }
        if code == Int32(MOSQ_ERR_SUCCESS.rawValue) { return }
        if !isActive, let state = tlsFailure(systemError) { throw Failure(state: state) }
        switch code {
        // Without an error number: the end came in the middle of a packet.
        case Int32(MOSQ_ERR_CONN_LOST.rawValue),
            Int32(MOSQ_ERR_ERRNO.rawValue) where systemError == 0:
            throw isActive
                ? Failure(state: .lost(reason: "the other side closed it"))
                : Failure(
                    state: .notABroker(reason: "it closed the connection without an answer"), doubt: .possible)
        case Int32(MOSQ_ERR_ERRNO.rawValue):
            let reason = String(cString: strerror(systemError))
            throw isActive
                ? Failure(state: .lost(reason: reason)) : Failure(state: .notABroker(reason: reason), doubt: .possible)
        case Int32(MOSQ_ERR_KEEPALIVE.rawValue):
            throw Failure(state: .lost(reason: "the broker no longer answers"))
        default:
            throw isActive
                ? Failure(state: .lost(reason: tlsError ?? String(cString: mosquitto_strerror(code))))
                : Failure(state: .notABroker(reason: "its answer is not MQTT"))
        }
    }

    /// What the broker publishes for us when we are gone without a word.
    private func setWill() {
        guard let status = settings.status else { return }
        let payload = Array(MQTTSettings.Status.offline.utf8)
        var properties: OpaquePointer?
        if version == .v5 {
            mosquitto_property_add_int32(
                &properties, Int32(MQTT_PROP_WILL_DELAY_INTERVAL.rawValue), settings.willDelay)
        }
        let code = mosquitto_will_set_v5(
            handle, status.topic, Int32(payload.count), payload, 1, true, properties)
        // Otherwise they are the library's now.
        if code != Int32(MOSQ_ERR_SUCCESS.rawValue) { mosquitto_property_free_all(&properties) }
    }
}

private func client(of context: UnsafeMutableRawPointer?) -> MQTTClient? {
    context.map { Unmanaged<MQTTClient>.fromOpaque($0).takeUnretainedValue() }
}
