/// How many edges of a request's lines came and how many were lost on the way.
///
/// Chip and kernel may miss pulses shorter than an interrupt takes; nothing counts those.
public struct EdgeStatistics: Sendable, Hashable {
    /// Taken from the kernel.
    public var received: UInt64 = 0

    /// Lost in the kernel, whose queue was full because this program took them too slowly.
    public var lostInKernel: UInt64 = 0

    /// Lost in this process, because the consumer of the events took them too slowly.
    public var lostInProcess: UInt64 = 0

    public var lost: UInt64 { lostInKernel &+ lostInProcess }
}
