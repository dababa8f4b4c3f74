/// What the kernel tells about a line without anybody taking it.
public struct LineInfo: Sendable, Hashable {
    public enum Direction: Sendable, Hashable {
        case input
        case output
    }

    /// The line's number in its chip.
    public var offset: Int

    /// The name the device tree gives the line; empty when none.
    public var name = ""

    /// Whether a program or a kernel driver holds the line.
    public var isUsed = false

    /// The name its user gave; empty when none.
    public var consumer = ""

    public var direction = Direction.input

    public var isActiveLow = false

    /// Nil where the kernel does not know.
    public var bias: LineBias?

    /// Of an output.
    public var drive = LineDrive.pushPull

    /// Of an input.
    public var edges = EdgeDetection.none

    /// Of an input; zero: none.
    public var debounce = Duration.zero

    public init(offset: Int) {
        self.offset = offset
    }
}
