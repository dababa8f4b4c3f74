internal import Device
internal import Hardware
internal import Sensors

extension Board {
    /// A board that exists in this process only: a thermometer at 0x48 on the bus i2c-1, and a GPIO chip as large as a
    /// Pi's on which GPIO17 and GPIO27 are wired together.
    static func simulated(config: Configuration) throws -> Board {
        let i2c = SimulatedI2C()
        i2c.attach(SimulatedThermometer(), at: 0x48)
        let gpio = SimulatedGPIO()
        try gpio.join(17, 27)
        return Board(
            name: "simulated", config: config,
            ports: BoardPorts(
                i2c: ["i2c-1": I2CPort(simulated: i2c, name: "i2c-1")],
                lines: LineDirectory(chip: .simulated(gpio), pins: [11: 17, 13: 27])))
    }
}
