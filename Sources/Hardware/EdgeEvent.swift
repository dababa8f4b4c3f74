/// One change of an input line, as the kernel saw it.
public struct EdgeEvent: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        /// From low to high.
        case rising
        /// From high to low.
        case falling
    }

    public let kind: Kind

    /// The line's number in its chip.
    public let offset: Int

    /// Nanoseconds of CLOCK_MONOTONIC, taken in the kernel's interrupt handler; of a debounced line, when the level had
    /// lasted long enough.
    public let timestamp: UInt64

    /// The event's number among those of the whole request, from 1.
    public let globalSequence: UInt64

    /// The event's number among those of its line, from 1. A gap to the event before means that as many were lost,
    /// because the program took them too slowly (struct gpio_v2_line_event in linux/gpio.h). Who counts pulses counts
    /// with this number and is right even then.
    public let lineSequence: UInt64

    public init(kind: Kind, offset: Int = 0, timestamp: UInt64, globalSequence: UInt64, lineSequence: UInt64) {
        self.kind = kind
        self.offset = offset
        self.timestamp = timestamp
        self.globalSequence = globalSequence
        self.lineSequence = lineSequence
    }
}
