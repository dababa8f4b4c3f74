/// How readings are written down: both forms of RFC 8428 that are in use.
public enum SenMLFormat: String, Sendable, Hashable, CaseIterable {
    /// Text that people can read (section 5).
    case json
    /// About half the bytes of JSON (section 6).
    case cbor

    /// The registered media type (section 12.3), which goes with each message where the protocol has a place for it.
    public var mediaType: String { "application/senml+\(rawValue)" }
}
