internal import COpenSSL
internal import Glibc
internal import HTTP

/// TLS for one connection: what is trusted, who we are, and why the other side was not believed.
///
/// Made anew for every attempt, so that files that were replaced are used at once. libmosquitto could make it
/// (mosquitto_tls_set), but does not tell which of the checks failed.
final class TLSContext: TLSParameters {
    /// What of the options is of no use.
    struct Failure: Error, Hashable {
        let reason: String
    }

    /// An SSL_CTX.
    let handle: OpaquePointer

    let serverName: String?

    /// The name to tell the server at the beginning (SNI, RFC 6066: for names only), where the caller cannot.
    private var announcedName: String?

    /// The check that failed, one of OpenSSL's X509_V_ERR_...
    private(set) var verificationError: Int32?

    /// The authorities of the system, where Debian's ca-certificates puts them.
    private static let systemAuthorities = "/etc/ssl/certs/ca-certificates.crt"

    /// - Parameters:
    ///   - host: the name or IP address the other side must prove to be, unless the options name another.
    ///   - announced: whether the server is to be told that name, for libmosquitto, which is given an address and tells that.
    init(_ options: TLSOptions, host: String, announced: Bool = false) throws(Failure) {
        guard let handle = SSL_CTX_new(TLS_client_method()) else { throw Failure(reason: "there is no memory for TLS") }
        self.handle = handle
        serverName = options.serverName
        _ = openssl_set_minimum_version(handle, TLS1_2_VERSION)
        // What failed goes to the object, which lives as long as its connection.
        SSL_CTX_set_ex_data(handle, 0, Unmanaged.passUnretained(self).toOpaque())
        SSL_CTX_set_verify(handle, SSL_VERIFY_PEER) { isValid, store in
            if isValid != 1 { context(of: store)?.note(X509_STORE_CTX_get_error(store)) }
            return isValid
        }
        if announced {
            var address = in6_addr()
            let isAddress = inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1
            announcedName = isAddress ? nil : host
            SSL_CTX_set_info_callback(handle) { session, place, _ in
                guard place & SSL_CB_HANDSHAKE_START != 0, let session else { return }
                context(ofSession: session)?.announce(in: session)
            }
        }
        defer { ERR_clear_error() }
        try trust(options.authorities)
        try expect(options.serverName ?? host)
        if let certificate = options.certificate { try present(certificate, key: options.key ?? certificate) }
    }

    deinit { SSL_CTX_free(handle) }

    /// Why the other side is not trusted, in OpenSSL's words; nil when it was not for that.
    var verificationFailure: String? {
        guard let verificationError else { return nil }
        let text = String(cString: X509_verify_cert_error_string(Int(verificationError)))
        // A device without a battery for its clock starts in the past.
        let isAboutTime = [X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED].contains(verificationError)
        return isAboutTime ? text + ", by this device's clock" : text
    }

    private func announce(in session: OpaquePointer) {
        if let announcedName { _ = openssl_set_server_name(session, announcedName) }
    }

    private func note(_ error: Int32) {
        // The first is the cause.
        if verificationError == nil { verificationError = error }
    }

    private func trust(_ authorities: TLSOptions.Authorities) throws(Failure) {
        switch authorities {
        case .system: try trust(file: Self.systemAuthorities)
        case .file(let path): try trust(file: path)
        case .pem(let text):
            guard let memory = BIO_new_mem_buf(text, Int32(clamping: text.utf8.count)) else {
                throw Failure(reason: "there is no memory for TLS")
            }
            defer { BIO_free(memory) }
            var count = 0
            while let certificate = PEM_read_bio_X509(memory, nil, nil, nil) {
                X509_STORE_add_cert(SSL_CTX_get_cert_store(handle), certificate)
                X509_free(certificate)
                count += 1
            }
            guard count > 0 else { throw Failure(reason: "the authorities' text has no certificate in PEM form") }
        }
    }

    private func trust(file path: String) throws(Failure) {
        guard SSL_CTX_load_verify_file(handle, path) == 1 else {
            throw Failure(reason: "no authority's certificate can be read from \(path); it must be a file in PEM form")
        }
    }

    private func expect(_ host: String) throws(Failure) {
        // Certificates name addresses in another place than names (RFC 6125).
        let parameters = SSL_CTX_get0_param(handle)
        if X509_VERIFY_PARAM_set1_ip_asc(parameters, host) == 1 { return }
        guard !host.isEmpty, X509_VERIFY_PARAM_set1_host(parameters, host, host.utf8.count) == 1 else {
            throw Failure(reason: "\"\(host)\" is no name that a certificate can have")
        }
    }

    private func present(_ certificate: String, key: String) throws(Failure) {
        guard SSL_CTX_use_certificate_chain_file(handle, certificate) == 1 else {
            throw Failure(reason: "our certificate cannot be read from \(certificate); it must be a file in PEM form")
        }
        // An encrypted key would have it ask for the password on a terminal, and wait there.
        SSL_CTX_set_default_passwd_cb(handle) { _, _, _, _ in 0 }
        guard SSL_CTX_use_PrivateKey_file(handle, key, SSL_FILETYPE_PEM) == 1 else {
            throw Failure(
                reason: "\(key) is not the private key of our certificate \(certificate), in PEM form and not encrypted"
            )
        }
    }
}

private func context(of store: OpaquePointer?) -> TLSContext? {
    X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()).flatMap {
        context(ofSession: OpaquePointer($0))
    }
}

private func context(ofSession session: OpaquePointer) -> TLSContext? {
    SSL_CTX_get_ex_data(SSL_get_SSL_CTX(session), 0).map { Unmanaged<TLSContext>.fromOpaque($0).takeUnretainedValue() }
}
