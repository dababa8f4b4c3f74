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
    private let chip: GPIOPin.Chip

    private init(name: String, config: Configuration, buses: [String: I2CPort], chip: GPIOPin.Chip) {
        self.name = name
        device = Identity.resolve(configured: config["device"] ?? config["serial"])
        self.config = config
        self.buses = buses
        self.chip = chip
    }

    /// The board an image was built for, as its configuration describes it: `board` is its name, `gpio.label` the label of
    /// its GPIO chip, `i2c.NAME` the path of a bus.
    init(config: Configuration) {
        let name = config["board"] ?? "unnamed"
        var buses: [String: I2CPort] = [:]
        for bus in config.names(under: "i2c.") {
            if let path = config["i2c.\(bus)"] { buses[bus] = I2CPort(path: path) }
        }
        let chip = config["gpio.label"].map { GPIOPin.Chip.linux(label: $0) }
        self.init(name: name, config: config, buses: buses, chip: chip ?? .absent(BoardError.noGPIO(board: name)))
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
            chip: .simulated(gpio))
    }

    /// An I2C bus.
    /// - Parameter name: as in the board profile, such as "i2c-1".
    public func i2c(_ name: String) -> I2CPort {
        buses[name] ?? I2CPort(absent: BoardError.noBus(board: self.name, bus: name, known: buses.keys.sorted()))
    }

    /// A GPIO line.
    /// - Parameter name: "GPIO" and the line's number in the board's GPIO chip, such as "GPIO17"; on a Pi these are the
    ///   numbers of Raspberry Pi's own documents.
    public func line(_ name: String) -> GPIOPin {
        guard let offset = Self.offset(name) else {
            return GPIOPin(name, chip: .absent(BoardError.noLine(name)), offset: 0)
        }
        return GPIOPin(name, chip: chip, offset: offset)
    }

    /// The number in "GPIO17".
    private static func offset(_ name: String) -> Int? {
        let prefix = "GPIO"
        guard name.utf8.starts(with: prefix.utf8) else { return nil }
        let digits = name.utf8.dropFirst(prefix.utf8.count)
        // Int would take a sign too, which no line's number has.
        guard digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
        return Int(String(decoding: digits, as: UTF8.self))
    }
}
