/// How an input line is requested.
public struct InputOptions: Sendable, Hashable {
    /// The chip's own pull resistor.
    public var bias: LineBias

    /// Which changes become events; any but none costs a thread.
    public var edges: EdgeDetection

    /// Turns the line's meaning round, for levels and edges alike: "high" then stands for low voltage.
    public var isActiveLow: Bool

    /// How long a level must last before it counts, at most ``LineOptions/longestDebounce``; zero: at once. Done by the chip
    /// where it can, else by the kernel.
    public var debounce: Duration

    /// What others see as the user of the line behind this program's name, such as a sensor's id.
    public var consumer: String

    /// Whether a line that is an output stays one, whose level is read. Only without bias and edges.
    package var keepsDirection = false

    public init(
        bias: LineBias = .asIs, edges: EdgeDetection = .none, isActiveLow: Bool = false, debounce: Duration = .zero,
        consumer: String = ""
    ) {
        self.bias = bias
        self.edges = edges
        self.isActiveLow = isActiveLow
        self.debounce = debounce
        self.consumer = consumer
    }
}
