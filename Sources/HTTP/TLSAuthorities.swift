internal import COpenSSL
internal import Glibc

/// What all TLS connections of a client share: version 1.2 or later, the accepted authorities.
final class TLSAuthorities: TLSParameters {
    let handle: OpaquePointer
    let serverName: String? = nil

    /// - Throws: ``HTTPError/noCertificates(path:)``.
    init(certificates: String) throws(HTTPError) {
        guard let context = SSL_CTX_new(TLS_client_method()) else { fatalError("no memory for a TLS context") }
        handle = context
        _ = openssl_set_minimum_version(context, TLS1_2_VERSION)
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        let loaded = SSL_CTX_load_verify_file(context, certificates)
        ERR_clear_error()
        guard loaded == 1 else { throw .noCertificates(path: certificates) }
        // A device without a battery for its clock starts in 1970, where no certificate is valid yet. Such a clock says
        // nothing about validity; who signed the certificate, and for which host, is checked all the same, and the
        // bundle has a signature of its own.
        if time(nil) < Self.earliestPlausibleTime {
            X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), UInt(X509_V_FLAG_NO_CHECK_TIME))
        }
    }

    deinit { SSL_CTX_free(handle) }

    /// 1 January 2025, 0:00 UTC: before this program was written.
    private static let earliestPlausibleTime: time_t = 1_735_689_600
}
