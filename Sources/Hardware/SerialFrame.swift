/// A piece of what came over a serial line, cut as its ``SerialFraming`` says.
public struct SerialFrame: Sendable, Hashable {
    public let bytes: [UInt8]

    /// When its last byte was taken from the kernel, in nanoseconds of CLOCK_MONOTONIC.
    public let time: UInt64

    public init(bytes: [UInt8], time: UInt64) {
        self.bytes = bytes
        self.time = time
    }
}
