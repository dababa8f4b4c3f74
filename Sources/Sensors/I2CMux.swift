public import Hardware

/// An I2C multiplexer that this process drives: PCA9548, PCA9546, TCA9548A and others with a bit for each channel.
///
/// ```swift
/// let mux = I2CMux(on: board.i2c("i2c-1"), address: 0x70)
/// let inside = TMP102(on: mux[0])
/// ```
/// Every channel is a port like any other: its transactions select the channel first, with nothing between.
public struct I2CMux: Sendable {
    private let ports: [I2CPort]
    private let make: @Sendable (Int) -> I2CPort

    /// - Parameters:
    ///   - port: the bus the multiplexer is on.
    ///   - address: 0x70 through 0x77, as its pins are wired.
    ///   - channels: how many it has, at most 8.
    public init(on port: I2CPort, address: I2CAddress = 0x70, channels: Int = 8) {
        let make: @Sendable (Int) -> I2CPort = { channel in
            I2CPort { _ in try port.open().channel(channel, of: address, channels: channels) }
        }
        self.make = make
        ports = (0..<min(max(channels, 1), 8)).map(make)
    }

    /// What is behind a channel, from 0. Opening that of a channel the multiplexer lacks fails.
    public subscript(channel: Int) -> I2CPort {
        ports.indices.contains(channel) ? ports[channel] : make(channel)
    }
}
