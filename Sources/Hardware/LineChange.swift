/// Somebody took a line, gave it back, or uses it in another way.
public struct LineChange: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        case requested
        case released
        case reconfigured
    }

    public let kind: Kind

    /// The line as it is after the change.
    public let line: LineInfo

    /// Nanoseconds of CLOCK_MONOTONIC.
    public let timestamp: UInt64

    public init(kind: Kind, line: LineInfo, timestamp: UInt64) {
        self.kind = kind
        self.line = line
        self.timestamp = timestamp
    }
}
