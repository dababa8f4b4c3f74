/// Up to 64 lines of one GPIO chip, driven at once by this process; nobody else can use them until they are released.
///
/// Levels as bit sets: bit 0 belongs to the first of the offsets, whatever its number in the chip.
public final class OutputLines: Sendable {
    private let request: any LineRequest

    /// How many lines these are.
    public let count: Int

    /// Requests lines with the same options and drives them.
    /// - Parameters:
    ///   - offsets: the lines' numbers in the chip, from 0; 1 to 64 different ones.
    ///   - initial: which lines are high from the first moment on.
    /// - Throws: ``GPIOError``, or why the process has no file descriptor left.
    public init(
        on chip: GPIOChip, offsets: [Int], initial: UInt64 = 0, _ options: OutputOptions = OutputOptions()
    ) throws {
        count = offsets.count
        request = try chip.request(offsets, .output(initial: initial, options))
    }

    deinit {
        request.release()
    }

    /// Drives lines high or low, all at the same moment where the chip can.
    /// - Parameters:
    ///   - bits: which lines are high.
    ///   - mask: which lines change; the others stay as they are.
    /// - Throws: ``GPIOError``.
    public func set(_ bits: UInt64, mask: UInt64 = .max) throws(GPIOError) {
        try request.setLevels(bits, of: mask)
    }

    /// Which lines are high: what the chip reads there, which a stronger output outside can change.
    /// - Throws: ``GPIOError``.
    public func bits() throws(GPIOError) -> UInt64 {
        try request.levels()
    }

    /// Gives the lines back, at their safe level if they have one. Happens by itself when nobody holds them any more.
    public func release() {
        request.release()
    }
}
