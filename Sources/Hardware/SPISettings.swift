/// How a chip on an SPI bus wants to be spoken to.
public struct SPISettings: Sendable, Hashable {
    public var mode: SPIMode

    /// The highest clock frequency in Hz, at least 1; the controller takes the next lower one it can make.
    public var speed: Int

    /// Bits of one word, 1 to 32. Words of 9 to 16 bits take 2 bytes of a message and longer ones 4, in the processor's
    /// byte order (struct spi_transfer in linux/spi/spi.h). The Pi's own controllers can do 8 only.
    public var bitsPerWord: Int

    /// Whether the lowest bit of a word goes first. The Pi's own controllers cannot do it.
    public var isLSBFirst: Bool

    public init(mode: SPIMode = .mode0, speed: Int, bitsPerWord: Int = 8, isLSBFirst: Bool = false) {
        self.mode = mode
        self.speed = speed
        self.bitsPerWord = bitsPerWord
        self.isLSBFirst = isLSBFirst
    }
}
