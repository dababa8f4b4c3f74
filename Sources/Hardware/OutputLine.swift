/// A GPIO line driven by this process, which nobody else can use until it is released.
///
/// The kernel makes no promise about a line's level after its release (linux/Documentation/userspace-api/gpio/chardev.rst).
public final class OutputLine: Sendable {
    private let request: any LineRequest

    /// Requests a line of a kernel GPIO chip and drives it.
    /// - Parameters:
    ///   - chipLabel: the chip's label as `gpiodetect` shows it, for example `pinctrl-bcm2711`.
    ///   - offset: the line's number in the chip, from 0.
    ///   - initial: whether the line is high from the first moment on.
    /// - Throws: ``GPIOError``, or why the process has no file descriptor left.
    public init(chipLabel: String, offset: Int, initial: Bool) throws {
        request = try LinuxLine(chipLabel: chipLabel, offset: offset, .output(initial: initial))
    }

    /// Requests a line of a simulated chip and drives it.
    /// - Throws: ``GPIOError``.
    public init(simulated chip: SimulatedGPIO, offset: Int, initial: Bool) throws {
        request = try chip.request(offset, .output(initial: initial))
    }

    deinit {
        request.release()
    }

    /// Drives the line high or low.
    /// - Throws: ``GPIOError``.
    public func set(_ high: Bool) throws(GPIOError) {
        try request.setLevel(high)
    }

    /// Gives the line back. Happens by itself when nobody holds it any more.
    public func release() {
        request.release()
    }
}
