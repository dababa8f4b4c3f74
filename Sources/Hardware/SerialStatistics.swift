/// What a serial port has received and lost since it was opened.
public struct SerialStatistics: Sendable, Hashable {
    /// Bytes taken from the kernel.
    public internal(set) var bytes: UInt64 = 0

    /// Frames made of them.
    public internal(set) var frames: UInt64 = 0

    /// Bytes that belong to no frame: garbage, too long, or with a wrong checksum.
    public internal(set) var discardedBytes: UInt64 = 0

    /// Frames the consumer took too slowly; the oldest go first.
    public internal(set) var droppedFrames: UInt64 = 0

    /// Characters without a stop bit, as a wrong baud rate makes them. They are not delivered. This and the following
    /// three count by the driver (TIOCGICOUNT in ioctl_tty(2)); 0 where it does not.
    public internal(set) var framingErrors: UInt64 = 0

    /// Characters whose parity bit is wrong. They are not delivered.
    public internal(set) var parityErrors: UInt64 = 0

    /// Characters lost because the driver or the kernel's buffer was full.
    public internal(set) var overruns: UInt64 = 0

    /// Breaks: the line was low for longer than a character.
    public internal(set) var breaks: UInt64 = 0

    public init() {}
}
