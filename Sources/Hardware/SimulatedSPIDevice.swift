/// A chip on a simulated SPI bus.
public protocol SimulatedSPIDevice: Sendable {
    /// One selection: all bytes from where the chip is selected to where it is deselected, and what it drives meanwhile.
    /// The bus cuts the answer or fills it (0xFF, as an undriven line with a pull-up reads) to as many bytes.
    func exchange(_ bytes: [UInt8]) -> [UInt8]
}
