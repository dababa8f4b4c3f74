/// What TLS connections are made with: what is trusted, and who we are.
package protocol TLSParameters: AnyObject {
    /// An SSL_CTX, which lives as long as this object.
    var handle: OpaquePointer { get }

    /// The name or address that the other end must prove to be; nil for the URL's host.
    var serverName: String? { get }
}
