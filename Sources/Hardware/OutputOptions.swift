/// How an output line is requested.
public struct OutputOptions: Sendable, Hashable {
    public var drive: LineDrive

    /// The chip's own pull resistor, which decides where an open-drain or open-source output lets go.
    public var bias: LineBias

    /// Turns the line's meaning round: "high" then stands for low voltage.
    public var isActiveLow: Bool

    /// The level in which the line is left: set whenever the line is released, and after the program was killed, as
    /// docs/gpio.md describes. Nil leaves it as it happens to be.
    public var safe: Bool?

    /// What others see as the user of the line behind this program's name, such as a sensor's id.
    public var consumer: String

    public init(
        drive: LineDrive = .pushPull, bias: LineBias = .asIs, isActiveLow: Bool = false, safe: Bool? = nil,
        consumer: String = ""
    ) {
        self.drive = drive
        self.bias = bias
        self.isActiveLow = isActiveLow
        self.safe = safe
        self.consumer = consumer
    }
}
