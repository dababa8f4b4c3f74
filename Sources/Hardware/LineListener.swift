/// Waits for the events of lines on the caller's thread, for programs that may block.
package final class LineListener {
    private let lines: LinuxLines
    private let reader: LinuxLines.EdgeReader

    /// - Throws: ``GPIOError``, or why the process has no file descriptor left.
    package init(chipLabel: String, offsets: [Int], _ options: InputOptions) throws {
        lines = try LinuxLines(chipLabel: chipLabel, offsets: offsets, .input(options, nil))
        reader = try LinuxLines.EdgeReader(lines)
    }

    deinit {
        lines.release()
    }

    package var statistics: EdgeStatistics { lines.statistics }

    /// Waits for events and hands out those that are there.
    /// - Throws: ``GPIOError``.
    package func next(_ body: (EdgeEvent) -> Void) throws(GPIOError) {
        try reader.read(body)
    }
}
