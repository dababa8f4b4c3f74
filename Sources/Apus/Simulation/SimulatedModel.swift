// For a developer's machine only.
#if !APUS_DEVICE
internal import Hardware

/// A kind of chip that can be on a simulated board.
struct SimulatedModel: Sendable {
    struct Quantity: Sendable {
        /// As the driver's readings call it, where it measures just that.
        let name: String
        let initial: Double
        /// Beyond it values are cut.
        let range: ClosedRange<Double>
    }

    /// Makes the chip measure these values, in the order of the quantities.
    typealias Apply = @Sendable ([Double]) -> Void

    /// Where it is connected, and how one is made.
    enum Connection: Sendable {
        case i2c(@Sendable () -> (any SimulatedI2CDevice, Apply))
        /// Has several addresses.
        case memory
        case multiplexer
        case spi(@Sendable () -> (any SimulatedSPIDevice, Apply))
        /// Sends a packet each second.
        case serial(@Sendable ([Double]) -> [UInt8])
        case thermometerOnOneWire
        /// On a line for its trigger and one for its echo.
        case ranger
        /// On the lines of its contacts A and B.
        case encoder
        /// What a driver of the kernel reads; its quantities are called as the kernel's channels.
        case kernel(SimulatedKernelSensor.Subsystem)
    }

    let name: String
    let quantities: [Quantity]
    let connection: Connection

    /// - Parameter name: in upper or lower case.
    static func named(_ name: String) -> SimulatedModel? {
        all.first { $0.name.lowercased() == name.lowercased() }
    }

    /// In the order of the alphabet.
    static let all: [SimulatedModel] = (thermometers + climate + light + electricity + others + spi + serial + lines)
        .sorted { $0.name < $1.name }

    private static func quantity(
        _ name: String, _ initial: Double, _ range: ClosedRange<Double>
    ) -> Quantity {
        Quantity(name: name, initial: initial, range: range)
    }

    // The ranges are those of the simulated chips.
    private static let thermometers: [SimulatedModel] =
        ["TMP102", "TMP105", "LM75"].map { name in
            SimulatedModel(
                name: name, quantities: [quantity("temperature", 21, -128...127.9375)],
                connection: .i2c {
                    let chip = SimulatedTMP105()
                    return (chip, { chip.set(celsius: $0[0]) })
                })
        } + [
            SimulatedModel(
                name: "MCP9808", quantities: [quantity("temperature", 21, -256...255.9375)],
                connection: .i2c {
                    let chip = SimulatedMCP9808()
                    return (chip, { chip.set(celsius: $0[0]) })
                }),
            SimulatedModel(
                name: "TMP421",
                quantities: [quantity("temperature", 21, -40...127), quantity("temperature-1", 30, -40...127)],
                connection: .i2c {
                    let chip = SimulatedTMP421()
                    return (chip, { chip.set(celsius: $0[0], remote: $0[1]) })
                }),
            SimulatedModel(
                name: "EMC1413",
                quantities: [
                    quantity("temperature", 21, 0...127), quantity("temperature-1", 30, 0...127),
                    quantity("temperature-2", 40, 0...127),
                ],
                connection: .i2c {
                    let chip = SimulatedEMC1413()
                    return (chip, { chip.set(celsius: $0[0], first: $0[1], second: $0[2]) })
                }),
            SimulatedModel(
                name: "DS18B20", quantities: [quantity("temperature", 21, -55...125)],
                connection: .thermometerOnOneWire),
        ]

    private static let climate: [SimulatedModel] =
        [("SHT3x", SimulatedSHT.Model.sht3x), ("SHT4x", .sht4x)].map { name, model in
            SimulatedModel(
                name: name, quantities: [quantity("temperature", 21, -45...130), quantity("humidity", 45, 0...100)],
                connection: .i2c {
                    let chip = SimulatedSHT(model)
                    return (chip, { chip.set(celsius: $0[0], humidity: $0[1]) })
                })
        } + [
            SimulatedModel(
                name: "BME280",
                quantities: [
                    quantity("temperature", 21, -40...85), quantity("pressure", 101_325, 30_000...110_000),
                    quantity("humidity", 45, 0...100),
                ],
                connection: .i2c {
                    let chip = SimulatedBME280()
                    return (chip, { chip.set(celsius: $0[0], pascal: $0[1], humidity: $0[2]) })
                }),
            SimulatedModel(
                name: "BMP280",
                quantities: [
                    quantity("temperature", 21, -40...85), quantity("pressure", 101_325, 30_000...110_000),
                ],
                connection: .i2c {
                    let chip = SimulatedBME280(isBMP280: true)
                    return (chip, { chip.set(celsius: $0[0], pascal: $0[1], humidity: 0) })
                }),
            SimulatedModel(
                name: "DPS310",
                quantities: [
                    quantity("temperature", 21, -40...85), quantity("pressure", 101_325, 30_000...120_000),
                ],
                connection: .i2c {
                    let chip = SimulatedDPS310()
                    return (chip, { chip.set(celsius: $0[0], pascal: $0[1]) })
                }),
        ]

    private static let light: [SimulatedModel] = [
        SimulatedModel(
            name: "BH1750", quantities: [quantity("illuminance", 300, 0...54_612)],
            connection: .i2c {
                let chip = SimulatedBH1750()
                return (chip, { chip.set(lux: $0[0]) })
            }),
        SimulatedModel(
            name: "VEML7700", quantities: [quantity("illuminance", 300, 0...120_000)],
            connection: .i2c {
                let chip = SimulatedVEML7700()
                return (chip, { chip.set(lux: $0[0]) })
            }),
    ]

    private static let electricity: [SimulatedModel] = [
        SimulatedModel(
            name: "ADS1115", quantities: (0..<4).map { quantity("voltage-a\($0)", 0, -6.144...6.144) },
            connection: .i2c {
                let chip = SimulatedADS1115()
                return (chip, { for (pin, volts) in $0.enumerated() { chip.set(volts: volts, pin: pin) } })
            }),
        SimulatedModel(
            name: "INA219",
            quantities: [quantity("voltage", 5, 0...32), quantity("shunt-voltage", 0.02, -0.32...0.32)],
            connection: .i2c {
                let chip = SimulatedINA219()
                return (chip, { chip.set(volts: $0[0], shuntVolts: $0[1]) })
            }),
    ]

    /// Thursday, 2026-01-01 00:00:00: one that was never set would be refused by its driver.
    private static func clock(_ chip: SimulatedDS3231) -> SimulatedDS3231 {
        chip.set(time: [0, 0, 0, 5, 1, 1, 0x26])
        return chip
    }

    private static let others: [SimulatedModel] = [
        SimulatedModel(name: "AT24C", quantities: [], connection: .memory),
        SimulatedModel(
            name: "DS1338", quantities: [],
            connection: .i2c { (clock(SimulatedDS3231()), { _ in }) }),
        SimulatedModel(
            name: "DS3231", quantities: [quantity("temperature", 21, -128...127.75)],
            connection: .i2c {
                let chip = clock(SimulatedDS3231())
                return (chip, { chip.set(celsius: $0[0]) })
            }),
        SimulatedModel(
            name: "LSM303DLHC",
            quantities: [
                quantity("magnetic-field-x", 20e-6, -1e-3...1e-3), quantity("magnetic-field-y", 0, -1e-3...1e-3),
                quantity("magnetic-field-z", -43e-6, -1e-3...1e-3),
            ],
            connection: .i2c {
                let chip = SimulatedLSM303DLHC()
                return (chip, { chip.set(x: $0[0], y: $0[1], z: $0[2]) })
            }),
        SimulatedModel(
            name: "MCP23017",
            quantities: ["a", "b"].flatMap { port in (0..<8).map { quantity("level-\(port)\($0)", 0, 0...1) } },
            connection: .i2c {
                let chip = SimulatedMCP23017()
                return (
                    chip,
                    { levels in
                        chip.drive(levels.enumerated().reduce(0) { $1.element < 0.5 ? $0 : $0 | 1 << $1.offset })
                    }
                )
            }),
        SimulatedModel(name: "PCA9548", quantities: [], connection: .multiplexer),
        SimulatedModel(name: "PCA9552", quantities: [], connection: .i2c { (SimulatedPCA9552(), { _ in }) }),
        SimulatedModel(name: "PCA9685", quantities: [], connection: .i2c { (SimulatedPCA9685(), { _ in }) }),
    ]

    private static let spi: [SimulatedModel] = [
        SimulatedModel(
            name: "MCP3008", quantities: (0..<8).map { quantity("voltage-\($0)", 0, 0...3.3) },
            connection: .spi {
                let chip = SimulatedMCP3008()
                return (chip, { for (channel, volts) in $0.enumerated() { chip.set(volts: volts, channel: channel) } })
            }),
        SimulatedModel(
            name: "MAX31855",
            quantities: [
                quantity("temperature", 20, -270...1800), quantity("temperature-junction", 25, -40...125),
            ],
            connection: .spi {
                let chip = SimulatedMAX31855()
                return (chip, { chip.set(celsius: $0[0], junction: $0[1]) })
            }),
        SimulatedModel(
            name: "MAX31865", quantities: [quantity("ratio", 0.25, 0...0.9999)],
            connection: .spi {
                let chip = SimulatedMAX31865()
                return (chip, { chip.set(ratio: $0[0]) })
            }),
    ]

    private static let serial: [SimulatedModel] = [
        SimulatedModel(
            name: "PMS5003",
            // In micrograms per cubic metre.
            quantities: [quantity("pm1", 5, 0...1000), quantity("pm2-5", 8, 0...1000), quantity("pm10", 12, 0...1000)],
            connection: .serial { values in
                // Fits: the quantities' range.
                let words = values.map { UInt16($0) }
                return SimulatedPMS5003.packet(pm1: words[0], pm25: words[1], pm10: words[2])
            }),
        SimulatedModel(
            name: "NMEAGPS",
            quantities: [
                quantity("fix", 1, 0...1), quantity("latitude", 48.1173, -90...90),
                quantity("longitude", 11.5167, -180...180), quantity("altitude", 520, -1000...50_000),
                quantity("velocity", 0, 0...1000), quantity("course", 0, 0...(2 * Double.pi)),
                quantity("satellites", 8, 0...99),
            ],
            connection: .serial { values in
                guard values[0] >= 0.5 else { return SimulatedNMEA.sentences(nil) }
                return SimulatedNMEA.sentences(
                    SimulatedNMEA.Position(
                        latitude: values[1], longitude: values[2], altitude: values[3], velocity: values[4],
                        course: values[5], satellites: Int(values[6])))
            }),
    ]

    private static let lines: [SimulatedModel] = [
        // From 4.5 m on nothing reflects for the driver.
        SimulatedModel(name: "HCSR04", quantities: [quantity("length", 1, 0.02...6)], connection: .ranger),
        SimulatedModel(
            name: "RotaryEncoder", quantities: [quantity("position", 0, -10_000...10_000)], connection: .encoder),
    ]

    /// A sensor that a driver of the kernel reads: 0 at first, in the units of `KernelSensor`.
    static func kernelSensor(
        _ subsystem: SimulatedKernelSensor.Subsystem, name: String, channels: [String]
    ) -> SimulatedModel {
        // Beyond any sensor's values.
        SimulatedModel(
            name: name, quantities: channels.map { quantity($0, 0, -1e9...1e9) }, connection: .kernel(subsystem))
    }
}
#endif
