/// One piece of an SPI transaction: as many bytes come back as go out.
public struct SPIMessage: Sendable, Hashable {
    /// What goes to the chip; zeros where there is only something to read.
    public var bytes: [UInt8]

    /// How long to wait after the last bit, in microseconds.
    public var delay: UInt16

    /// Whether the chip is deselected after this message and selected again for the next. After the last message of a
    /// transaction it always is.
    public var deselects: Bool

    public init(_ bytes: [UInt8], delay: UInt16 = 0, deselects: Bool = false) {
        self.bytes = bytes
        self.delay = delay
        self.deselects = deselects
    }

    /// A message that only reads.
    public init(reading count: Int) {
        self.init([UInt8](repeating: 0, count: max(count, 0)))
    }
}
