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

        init(_ state: BrokerState) {
            self.state = state
        }
    }

    /// Seconds after which a silent connection is asked for a sign of life (MQTT 5, section 3.1.2.10). A broker that is
    /// gone without a word is noticed after at most twice that.
    private static let keepAlive: Int32 = 30

    /// Milliseconds after which data the broker's host did not acknowledge ends the connection (TCP_USER_TIMEOUT in
    /// tcp(7)): sooner than the keep-alive notices, later than any pause of a mobile network that is worth waiting for.
    private static let unacknowledgedMilliseconds: Int32 = 20_000

    /// Whether the broker let us in.
    private(set) var isActive = false

    private var acknowledged: [UInt64] = []

    private let settings: MQTTSettings
    private let handle: OpaquePointer
    private var numbers: [Int32: UInt64] = [:]
    /// What a callback had to say about the end of the connection.
    private var failure: BrokerState?

    /// Once per process, before anything else of the library.
    private static let isLibraryReady = mosquitto_lib_init() == MOSQ_ERR_SUCCESS.rawValue

    /// - Throws: ``Failure`` when there is no memory or no file descriptor for a client.
    init(_ settings: MQTTSettings) throws(Failure) {
        guard Self.isLibraryReady, let handle = mosquitto_new(settings.clientID, true, nil) else {
            throw Failure(.unreachable(reason: String(cString: strerror(errno))))
        }
        self.settings = settings
        self.handle = handle
        // Unretained: the callbacks run in calls that this object makes.
        mosquitto_user_data_set(handle, Unmanaged.passUnretained(self).toOpaque())
        mosquitto_int_option(handle, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5)
        // A reading is sent when it is taken, not when its predecessor is acknowledged.
        mosquitto_int_option(handle, MOSQ_OPT_TCP_NODELAY, 1)
        if let user = settings.broker.user { mosquitto_username_pw_set(handle, user, settings.broker.password) }
        mosquitto_connect_v5_callback_set(handle) { _, context, code, _, _ in client(context)?.answered(code) }
        mosquitto_publish_v5_callback_set(handle) { _, context, id, code, _ in client(context)?.published(id, code) }
        mosquitto_disconnect_v5_callback_set(handle) { _, context, code, _ in client(context)?.disconnected(code) }
    }

    deinit {
        mosquitto_destroy(handle)
    }

    /// The socket, to wait on; -1 when there is no connection.
    var descriptor: Int32 { mosquitto_socket(handle) }

    /// Whether data waits for the socket to become writable.
    var wantsToWrite: Bool { mosquitto_want_write(handle) }

    /// Finds the host, connects and sends CONNECT. Blocks for the resolver and for TCP's handshake.
    func connect() throws(Failure) {
        errno = 0
        let code = mosquitto_connect_bind_v5(
            handle, settings.broker.host, Int32(settings.broker.port), Self.keepAlive, nil, nil)
        switch code {
        case Int32(MOSQ_ERR_SUCCESS.rawValue):
            var limit = Self.unacknowledgedMilliseconds
            setsockopt(
                descriptor, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, &limit, socklen_t(MemoryLayout<Int32>.size))
        case Int32(MOSQ_ERR_EAI.rawValue):
            // The library leaves getaddrinfo's code in errno.
            throw Failure(.unresolved(reason: String(cString: gai_strerror(errno))))
        case Int32(MOSQ_ERR_ERRNO.rawValue):
            throw Failure(.unreachable(reason: String(cString: strerror(errno))))
        default:
            throw Failure(.unreachable(reason: String(cString: mosquitto_strerror(code))))
        }
    }

    /// Sends a message with QoS 1.
    func publish(_ message: MQTTExchange.Message) throws(Failure) {
        var id: Int32 = 0
        let code = mosquitto_publish_v5(
            handle, &id, settings.topic, Int32(clamping: message.payload.count), message.payload, 1, false, nil)
        // Before the check: the library keeps a message it could not send at once, and an acknowledgement may come.
        numbers[id] = message.number
        try check(code)
    }

    /// Reads what came.
    func read() throws(Failure) {
        try check(mosquitto_loop_read(handle, 1))
    }

    var hasAcknowledged: Bool { !acknowledged.isEmpty }

    /// The numbers of the messages that the broker took over since the last call.
    func takeAcknowledged() -> [UInt64] {
        defer { acknowledged = [] }
        return acknowledged
    }

    /// Writes what waits.
    func write() throws(Failure) {
        try check(mosquitto_loop_write(handle, 1))
    }

    /// Keeps the connection alive; to be called about once a second.
    func maintain() throws(Failure) {
        try check(mosquitto_loop_misc(handle))
    }

    /// Tells the broker that this is no accident.
    func disconnect() {
        mosquitto_disconnect_v5(handle, Int32(MQTT_RC_NORMAL_DISCONNECTION.rawValue), nil)
    }
}

// Callbacks.
extension MQTTClient {
    /// The broker's answer to CONNECT.
    fileprivate func answered(_ code: Int32) {
        if code == Int32(MQTT_RC_SUCCESS.rawValue) {
            isActive = true
        } else if code == Int32(MQTT_RC_UNSUPPORTED_PROTOCOL_VERSION.rawValue) {
            failure = .notABroker(reason: "it speaks an older version of MQTT")
        } else {
            failure = .refused(reason: String(cString: mosquitto_reason_string(code)))
        }
    }

    /// The broker's answer to PUBLISH.
    fileprivate func published(_ id: Int32, _ code: Int32) {
        guard let number = numbers.removeValue(forKey: id) else { return }
        // From 0x80 on a reason code means failure (MQTT 5, section 2.4).
        if code < 0x80 {
            acknowledged.append(number)
        } else {
            failure = .readingsRefused(reason: String(cString: mosquitto_reason_string(code)))
        }
    }

    /// The end, by the broker's DISCONNECT (its reason code) or for a reason of the library (an error code, below 0x80).
    fileprivate func disconnected(_ code: Int32) {
        guard failure == nil, code >= 0x80 || code == 0 else { return }
        failure = .lost(
            reason: code == 0 ? "the broker closed it" : String(cString: mosquitto_reason_string(code)))
    }

    private func check(_ code: Int32) throws(Failure) {
        let systemError = errno
        // What a callback heard tells more than the code.
        if let failure { throw Failure(failure) }
        switch code {
        case Int32(MOSQ_ERR_SUCCESS.rawValue):
            return
        // Without an error number: the end came in the middle of a packet.
        case Int32(MOSQ_ERR_CONN_LOST.rawValue),
            Int32(MOSQ_ERR_ERRNO.rawValue) where systemError == 0:
            throw Failure(
                isActive
                    ? .lost(reason: "the other side closed it")
                    : .notABroker(reason: "it closed the connection without an answer"))
        case Int32(MOSQ_ERR_ERRNO.rawValue):
            let reason = String(cString: strerror(systemError))
            throw Failure(isActive ? .lost(reason: reason) : .notABroker(reason: reason))
        case Int32(MOSQ_ERR_KEEPALIVE.rawValue):
            throw Failure(.lost(reason: "the broker no longer answers"))
        default:
            throw Failure(
                isActive
                    ? .lost(reason: String(cString: mosquitto_strerror(code)))
                    : .notABroker(reason: "its answer is not MQTT"))
        }
    }
}

private func client(_ context: UnsafeMutableRawPointer?) -> MQTTClient? {
    context.map { Unmanaged<MQTTClient>.fromOpaque($0).takeUnretainedValue() }
}
