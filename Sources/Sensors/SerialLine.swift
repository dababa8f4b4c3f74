public import Hardware

/// A serial port by name, not yet open: who opens it becomes its only user.
public struct SerialLine: Sendable {
    /// Such as "uart0".
    public let name: String

    private let make: @Sendable (SerialSettings, SerialFraming) throws -> SerialPort

    /// - Parameters:
    ///   - path: the device node, for example `/dev/ttyAMA0`.
    ///   - name: what drivers call the line in their ids.
    public init(path: String, name: String) {
        self.name = name
        make = { try SerialPort(path: path, settings: $0, framing: $1) }
    }

    /// - Parameters:
    ///   - simulated: the line.
    ///   - name: what drivers and errors call it.
    public init(simulated: SimulatedSerial, name: String) {
        self.name = name
        make = { try SerialPort(simulated: simulated, settings: $0, framing: $1, name: name) }
    }

    /// A line that cannot be opened, for the reason given.
    package init(_ name: String, absent reason: any Error) {
        self.name = name
        make = { _, _ in throw reason }
    }

    /// - Throws: what `SerialPort` throws when the port is absent or in use, or cannot do the settings.
    public func open(_ settings: SerialSettings, framing: SerialFraming) throws -> SerialPort {
        try make(settings, framing)
    }
}
