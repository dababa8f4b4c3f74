/// A GPIO line driven by this process, which nobody else can use until it is released.
///
/// The kernel makes no promise about a line's level after its release (linux/Documentation/userspace-api/gpio/chardev.rst);
/// what ``OutputOptions/safe`` adds to that is told in docs/gpio.md.
public final class OutputLine: Sendable {
    private let lines: OutputLines

    /// Requests a line and drives it.
    /// - Parameters:
    ///   - offset: the line's number in the chip, from 0.
    ///   - initial: whether the line is high from the first moment on.
    /// - Throws: ``GPIOError``, or why the process has no file descriptor left.
    public init(on chip: GPIOChip, offset: Int, initial: Bool, _ options: OutputOptions = OutputOptions()) throws {
        lines = try OutputLines(on: chip, offsets: [offset], initial: initial ? 1 : 0, options)
    }

    /// Drives the line high or low.
    /// - Throws: ``GPIOError``.
    public func set(_ high: Bool) throws(GPIOError) {
        try lines.set(high ? 1 : 0)
    }

    /// Whether the line is high: what the chip reads there, which a stronger output outside can change.
    /// - Throws: ``GPIOError``.
    public func level() throws(GPIOError) -> Bool {
        try lines.bits() != 0
    }

    /// Gives the line back, at its safe level if it has one. Happens by itself when nobody holds it any more.
    public func release() {
        lines.release()
    }
}
