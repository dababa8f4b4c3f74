public import Hardware

/// A chip select of an SPI bus by name, with at most one chip at it.
///
/// Drivers hold the port, which outlives them, and open it in their start with the settings of their chip: a bus that is
/// absent fails them, not the app.
public struct SPIPort: Sendable {
    /// Such as "spi0.0".
    public let name: String

    private let make: @Sendable (SPISettings) throws -> SPIDevice

    /// - Parameters:
    ///   - path: the device node, for example `/dev/spidev0.0`.
    ///   - name: what drivers call the port in their ids.
    public init(path: String, name: String) {
        self.name = name
        make = { try SPIDevice(path: path, settings: $0) }
    }

    /// - Parameters:
    ///   - simulated: the chip.
    ///   - name: what drivers and errors call the port.
    public init(simulated: SimulatedSPI, name: String) {
        self.name = name
        make = { try SPIDevice(simulated: simulated, settings: $0, name: name) }
    }

    /// A port that cannot be opened, for the reason given.
    package init(_ name: String, absent reason: any Error) {
        self.name = name
        make = { _ in throw reason }
    }

    /// - Throws: what `SPIDevice` throws when the chip's bus is absent or cannot do the settings.
    public func open(_ settings: SPISettings) throws -> SPIDevice {
        try make(settings)
    }
}
