internal import COpenSSL
internal import Glibc

/// TLS over a connected socket.
final class TLSStream {
    /// Alive as long as the connection: a handshake may be asked for again.
    private let parameters: any TLSParameters
    private let session: OpaquePointer
    private let socket: TCPSocket
    private let host: String

    /// Does the handshake and verifies that the other end is `host`.
    ///
    /// - Throws: ``HTTPError/insecure(_:reason:)`` and others.
    init(_ parameters: any TLSParameters, over socket: TCPSocket, host: String, until deadline: Deadline)
        throws(HTTPError)
    {
        guard let session = SSL_new(parameters.handle) else { fatalError("no memory for a TLS session") }
        self.parameters = parameters
        self.session = session
        self.socket = socket
        self.host = host
        SSL_set_fd(session, socket.descriptor)
        // A certificate names addresses in another place than names (RFC 6125), and SNI is for names only (RFC 6066).
        let isAddress = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host) == 1
        ERR_clear_error()
        if !isAddress {
            guard SSL_set1_host(session, host) == 1, openssl_set_server_name(session, host) == 1 else {
                throw .insecure(host, reason: "its name is not one that a certificate can have")
            }
        }
        while true {
            ERR_clear_error()
            let result = SSL_connect(session)
            if result == 1 { return }
            try wait(after: result, until: deadline, step: "agree on TLS")
        }
    }

    deinit { SSL_free(session) }

    /// Up to `buffer.count` bytes; 0 when the other end has said that nothing follows.
    func read(into buffer: UnsafeMutableRawBufferPointer, until deadline: Deadline) throws(HTTPError) -> Int {
        while true {
            ERR_clear_error()
            let result = SSL_read(session, buffer.baseAddress, Int32(clamping: buffer.count))
            if result > 0 { return Int(result) }
            if SSL_get_error(session, result) == SSL_ERROR_ZERO_RETURN { return 0 }
            try wait(after: result, until: deadline, step: "send")
        }
    }

    func write(_ bytes: [UInt8], until deadline: Deadline) throws(HTTPError) {
        var sent = 0
        while sent < bytes.count {
            ERR_clear_error()
            let result = bytes.withUnsafeBytes { buffer in
                SSL_write(session, buffer.baseAddress.map { $0 + sent }, Int32(clamping: bytes.count - sent))
            }
            if result > 0 {
                sent += Int(result)
            } else {
                try wait(after: result, until: deadline, step: "take the request")
            }
        }
    }

    /// Waits for what the call that returned `result` lacked.
    private func wait(after result: Int32, until deadline: Deadline, step: String) throws(HTTPError) {
        let events: Int32
        switch SSL_get_error(session, result) {
        case SSL_ERROR_WANT_READ: events = POLLIN
        case SSL_ERROR_WANT_WRITE: events = POLLOUT
        case SSL_ERROR_SSL:
            let verification = SSL_get_verify_result(session)
            if verification != Int(X509_V_OK) {
                throw .insecure(host, reason: String(cString: X509_verify_cert_error_string(verification)))
            }
            // With TLS 1.3 the other end looks at our certificate when for us the handshake is over (RFC 8446, section 4.4.2).
            let isAboutUs = ERR_GET_REASON(ERR_peek_error()) == SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED
            if SSL_is_init_finished(session) == 1, !isAboutUs { throw .cutOff(socket.name) }
            // A static text, or nil.
            let reason = ERR_reason_error_string(ERR_peek_error()).map { String(cString: $0) }
            throw .insecure(host, reason: reason ?? "the TLS handshake failed")
        default: throw .cutOff(socket.name)
        }
        guard socket.wait(for: events, until: deadline) else { throw .timedOut(socket.name, step: step) }
    }
}
