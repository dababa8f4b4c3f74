public import Device
internal import Hardware
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

    private let buses: [String: I2CPort]
    private let lines: LineDirectory

    private init(name: String, config: Configuration, buses: [String: I2CPort], lines: LineDirectory) {
        self.name = name
        device = Identity.resolve(configured: config["device"] ?? config["serial"])
        self.config = config
        self.buses = buses
        self.lines = lines
    }

    /// The board an image was built for, as its configuration describes it: `board` is its name, `gpio.label` the label of
    /// its GPIO chip, `gpio.header` what is at the pins of its header, `i2c.NAME` the path of a bus.
    init(config: Configuration) {
        let name = config["board"] ?? "unnamed"
        var buses: [String: I2CPort] = [:]
        for bus in config.names(under: "i2c.") {
            if let path = config["i2c.\(bus)"] { buses[bus] = I2CPort(path: path) }
        }
        self.init(name: name, config: config, buses: buses, lines: LineDirectory { config[$0] })
    }

    /// A board that exists in this process only: a thermometer at 0x48 on the bus i2c-1, and a GPIO chip as large as a
    /// Pi's on which GPIO17 and GPIO27 are wired together.
    static func simulated(config: Configuration) throws -> Board {
        let i2c = SimulatedI2C()
        i2c.attach(SimulatedThermometer(), at: 0x48)
        let gpio = SimulatedGPIO()
        try gpio.join(17, 27)
        return Board(
            name: "simulated", config: config, buses: ["i2c-1": I2CPort(simulated: i2c, name: "i2c-1")],
            lines: LineDirectory(chip: .simulated(gpio), pins: [11: 17, 13: 27]))
    }

    /// An I2C bus.
    /// - Parameter name: as in the board profile, such as "i2c-1".
    public func i2c(_ name: String) -> I2CPort {
        buses[name] ?? I2CPort(absent: BoardError.noBus(board: self.name, bus: name, known: buses.keys.sorted()))
    }

    /// A GPIO line.
    /// - Parameter name: "GPIO" and the line's number in the board's GPIO chip, such as "GPIO17"; on a Pi these are the
    ///   numbers of Raspberry Pi's own documents. Or "PIN" and a pin of the board's header, such as "PIN11"; or a chip's
    ///   label and a number in it, such as "pca9555:3"; or the name the device tree gives the line.
    public func line(_ name: String) -> GPIOPin {
        GPIOPin(name) { [lines] in
            guard let parsed = LineName(name) else { throw BoardError.noLine }
            return try lines.find(parsed)
        }
    }
}
