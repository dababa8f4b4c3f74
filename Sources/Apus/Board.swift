public import Device
public import Hardware
public import Sensors

/// The board the app runs on, and what is connected to it, by name.
///
/// Asking for a bus or line never fails: what a board lacks fails the sensor that needs it when that starts, and nothing
/// else.
public struct Board: Sendable {
    /// As in the board profile, such as "rpi4"; "simulated" on a developer's machine.
    public let name: String

    /// The name by which this device is known to its broker.
    public let device: String

    public let config: Configuration

    /// What the app's author demands for the firmware's health.
    let health = HealthChecks()

    /// The kernel's own devices: what its drivers measure, the 1-Wire bus, LEDs and PWM.
    public var sysfs: SysfsPort { ports.sysfs }

    private let ports: BoardPorts

    init(name: String, config: Configuration, ports: BoardPorts) {
        self.name = name
        device = Identity.resolve(configured: config["device"] ?? config["serial"])
        self.config = config
        self.ports = ports
    }

    /// The board an image was built for, as its configuration describes it (``BoardPorts``); `board` is its name.
    init(config: Configuration) {
        self.init(name: config["board"] ?? "unnamed", config: config, ports: BoardPorts(config: config))
    }

    /// An I2C bus.
    ///
    /// All who use a bus share its options. They are those given first, also for who gives none; a bus that was opened before
    /// any were given keeps to that. Who asks for others later gets a port that cannot be opened.
    /// - Parameters:
    ///   - name: as in the board profile, such as "i2c-1".
    ///   - options: how patient the bus is; nil leaves that to the others.
    public func i2c(_ name: String, options: I2COptions? = nil) -> I2CPort {
        guard let port = ports.i2c[name] else {
            return I2CPort(absent: absent("I2C bus", name, known: ports.i2c.keys))
        }
        if let options, !port.settle(options) { return I2CPort(absent: BoardError.otherOptions(bus: name)) }
        return port
    }

    /// A chip select of an SPI bus.
    /// - Parameter name: as in the board profile, such as "spi0.0".
    public func spi(_ name: String) -> SPIPort {
        ports.spi[name] ?? SPIPort(name, absent: absent("SPI chip select", name, known: ports.spi.keys))
    }

    /// A serial port.
    /// - Parameter name: as in the board profile, such as "uart0".
    public func serial(_ name: String) -> SerialLine {
        ports.serial[name] ?? SerialLine(name, absent: absent("serial port", name, known: ports.serial.keys))
    }

    private func absent(_ kind: String, _ name: String, known: some Collection<String>) -> BoardError {
        .absent(board: self.name, kind: kind, name: name, known: known.sorted())
    }

    /// A GPIO line.
    /// - Parameter name: "GPIO" and the line's number in the board's GPIO chip, such as "GPIO17"; on a Pi these are the
    ///   numbers of Raspberry Pi's own documents. Or "PIN" and a pin of the board's header, such as "PIN11"; or a chip's
    ///   label and a number in it, such as "mcp23017:3"; or the name the device tree gives the line.
    public func line(_ name: String) -> GPIOPin {
        GPIOPin(name) { [lines = ports.lines] in
            guard let parsed = LineName(name) else { throw BoardError.noLine }
            return try lines.find(parsed)
        }
    }
}
