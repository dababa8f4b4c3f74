/// A GPIO line read by this process, which nobody else can use until it is released.
public final class InputLine: Sendable {
    private let lines: InputLines

    /// Requests a line.
    /// - Parameter offset: the line's number in the chip, from 0.
    /// - Throws: ``GPIOError``, or why the thread that waits for events cannot be started.
    public init(on chip: GPIOChip, offset: Int, _ options: InputOptions = InputOptions()) throws {
        lines = try InputLines(on: chip, offsets: [offset], options)
    }

    /// Whether the line is high now.
    /// - Throws: ``GPIOError``.
    public func level() throws(GPIOError) -> Bool {
        try lines.bits() != 0
    }

    /// The line's changes since it was requested; empty when requested without edges. Keeps the line.
    public var events: EdgeEvents { lines.events }

    /// How many changes came and were lost.
    public var statistics: EdgeStatistics { lines.statistics }

    /// Gives the line back and ends ``events``. Happens by itself when nobody holds the line or its events any more.
    public func release() {
        lines.release()
    }
}
