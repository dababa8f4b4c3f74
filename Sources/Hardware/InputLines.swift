internal import Threads

/// Up to 64 lines of one GPIO chip, read at once by this process; nobody else can use them until they are released.
///
/// Levels as bit sets: bit 0 belongs to the first of the offsets, whatever its number in the chip.
public final class InputLines: Sendable {
    private let request: any LineRequest
    /// Of their events.
    let queue = EdgeQueue()

    /// How many lines these are.
    public let count: Int

    /// Requests lines with the same options.
    /// - Parameters:
    ///   - offsets: the lines' numbers in the chip, from 0; 1 to 64 different ones.
    /// - Throws: ``GPIOError``, or why the thread that waits for events cannot be started.
    public init(on chip: GPIOChip, offsets: [Int], _ options: InputOptions = InputOptions()) throws {
        count = offsets.count
        request = try chip.request(offsets, .input(options, queue))
        if options.edges == .none { queue.finish() }
    }

    deinit {
        request.release()
    }

    /// Which lines are high now.
    /// - Throws: ``GPIOError``.
    public func bits() throws(GPIOError) -> UInt64 {
        try request.levels()
    }

    /// Whether each line is high now.
    /// - Throws: ``GPIOError``.
    public func levels() throws(GPIOError) -> [Bool] {
        let bits = try request.levels()
        return (0..<count).map { bits >> $0 & 1 == 1 }
    }

    /// The lines' changes since they were requested, in the order of the chip's interrupts; empty when requested without
    /// edges.
    public var events: EdgeEvents { EdgeEvents(lines: self) }

    /// The thread on which the events come.
    var executor: DescriptorExecutor? { request.executor }

    /// How many changes came and were lost.
    public var statistics: EdgeStatistics { request.statistics }

    /// Gives the lines back and ends ``events``. Happens by itself when nobody holds the lines or their events any more.
    public func release() {
        request.release()
    }
}
