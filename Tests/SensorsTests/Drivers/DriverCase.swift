import Hardware
import Sensors
import Testing

/// A driver, its simulated chip, and what the chip shall say.
struct DriverCase: Sendable, CustomTestStringConvertible {
    typealias Value = (quantity: String, value: Double, tolerance: Double)

    /// A chip on its bus.
    struct Chip: Sendable {
        let device: any SimulatedI2CDevice
        /// Brings the chip into one of several states and tells what the driver shall measure.
        let set: @Sendable (_ state: Int) -> [Value]
    }

    let name: String
    let address: I2CAddress
    /// Whether the driver can know that another chip has its address.
    var knowsItsChip = true
    let states: Int
    let makeChip: @Sendable () -> Chip
    let makeDriver: @Sendable (I2CPort, any Clock<Duration>) -> any PolledDriver

    var testDescription: String { name }
}

extension DriverCase {
    /// Minus and plus, zero, and the steps around them.
    private static let temperatures = [21, -0.0625, 0, 0.0625, -40, 100.5, 127.9375, -25]

    private static func thermometer(
        _ name: String, _ address: I2CAddress, step: Double, knowsItsChip: Bool = true,
        _ makeDriver: @escaping @Sendable (I2CPort, any Clock<Duration>) -> any PolledDriver
    ) -> DriverCase {
        DriverCase(name: name, address: address, knowsItsChip: knowsItsChip, states: temperatures.count) {
            let chip = SimulatedTMP105()
            return Chip(device: chip) { state in
                chip.set(celsius: temperatures[state])
                return [("temperature", temperatures[state], step)]
            }
        } makeDriver: {
            makeDriver($0, $1)
        }
    }

    private static let climates: [(celsius: Double, pascal: Double, humidity: Double)] = [
        (21, 101_325, 45), (-40, 30_000, 0), (85, 110_000, 100), (0, 95_000, 50.5), (-0.01, 101_325, 99),
    ]

    private static func sht(_ name: String, _ model: SimulatedSHT.Model) -> DriverCase {
        DriverCase(name: name, address: 0x44, states: climates.count) {
            let chip = SimulatedSHT(model)
            return Chip(device: chip) { state in
                let climate = climates[state]
                chip.set(celsius: climate.celsius, humidity: climate.humidity)
                return [("temperature", climate.celsius, 0.002), ("humidity", climate.humidity, 0.002)]
            }
        } makeDriver: { port, clock -> any PolledDriver in
            switch model {
            case .sht3x: SHT3x(on: port, clock: clock)
            case .sht4x: SHT4x(on: port, clock: clock)
            }
        }
    }

    private static func bosch(_ name: String, isBMP280: Bool) -> DriverCase {
        DriverCase(name: name, address: 0x76, states: climates.count) {
            let chip = SimulatedBME280(isBMP280: isBMP280)
            return Chip(device: chip) { state in
                let climate = climates[state]
                chip.set(celsius: climate.celsius, pascal: climate.pascal, humidity: climate.humidity)
                let values = [("temperature", climate.celsius, 0.011), ("pressure", climate.pascal, 0.3)]
                return isBMP280 ? values : values + [("humidity", climate.humidity, 0.01)]
            }
        } makeDriver: { port, clock -> any PolledDriver in
            isBMP280 ? BMP280(on: port, clock: clock) : BME280(on: port, clock: clock)
        }
    }

    static let all: [DriverCase] = [
        thermometer("LM75", 0x4A, step: 0.5) { LM75(on: $0, address: 0x4A, clock: $1) },
        thermometer("TMP102", 0x49, step: 0, knowsItsChip: false) { TMP102(on: $0, address: 0x49, clock: $1) },
        thermometer("TMP105", 0x48, step: 0) { TMP105(on: $0, clock: $1) },
        DriverCase(name: "MCP9808", address: 0x18, states: temperatures.count) {
            let chip = SimulatedMCP9808()
            return Chip(device: chip) { state in
                chip.set(celsius: temperatures[state])
                return [("temperature", temperatures[state], 0)]
            }
        } makeDriver: {
            MCP9808(on: $0, clock: $1)
        },
        sht("SHT3x", .sht3x), sht("SHT4x", .sht4x),
        bosch("BME280", isBMP280: false), bosch("BMP280", isBMP280: true),
        DriverCase(name: "ADS1115", address: 0x4B, states: 2) {
            let chip = SimulatedADS1115()
            return Chip(device: chip) { state in
                let volts = [[0.5, -0.25, 3.3, 0], [4.096, 0.000125, -0.000125, 1]][state]
                for (pin, volt) in volts.enumerated() { chip.set(volts: volt, pin: pin) }
                return volts.enumerated().map { ("voltage-a\($0)", $1, 0.00013) } + [
                    ("voltage-a0a1", volts[0] - volts[1], 0.00013)
                ]
            }
        } makeDriver: {
            ADS1115(on: $0, address: 0x4B, inputs: [.a0, .a1, .a2, .a3, .a0a1], clock: $1)
        },
        DriverCase(name: "INA219", address: 0x40, states: 3) {
            let chip = SimulatedINA219()
            return Chip(device: chip) { state in
                let (volts, shunt) = [(12.0, 0.02), (31.996, -0.32), (0, 0)][state]
                chip.set(volts: volts, shuntVolts: shunt)
                return [
                    ("voltage", volts, 1e-9), ("current", shunt * 100, 1e-9), ("power", volts * shunt * 100, 1e-6),
                ]
            }
        } makeDriver: {
            INA219(on: $0, shunt: 0.01, clock: $1)
        },
        DriverCase(name: "BH1750", address: 0x23, knowsItsChip: false, states: 3) {
            let chip = SimulatedBH1750()
            return Chip(device: chip) { state in
                let lux = [300.0, 0, 54_612][state]
                chip.set(lux: lux)
                return [("illuminance", lux, 0.9)]
            }
        } makeDriver: {
            BH1750(on: $0, clock: $1)
        },
        DriverCase(name: "VEML7700", address: 0x10, states: 3) {
            let chip = SimulatedVEML7700()
            return Chip(device: chip) { state in
                let lux = [300.0, 0, 999][state]
                chip.set(lux: lux)
                return [("illuminance", lux, 0.6)]
            }
        } makeDriver: {
            VEML7700(on: $0, clock: $1)
        },
        DriverCase(name: "TMP421", address: 0x4C, states: 4) {
            let chip = SimulatedTMP421()
            return Chip(device: chip) { state in
                let (local, remote) = [(21.0, 30.5), (-0.0625, -40), (127, 0), (-25, nil)][state]
                chip.set(celsius: local, remote: remote)
                return [("temperature", local, 0)] + (remote.map { [("temperature-1", $0, 0)] } ?? [])
            }
        } makeDriver: {
            TMP421(on: $0, clock: $1)
        },
        DriverCase(name: "EMC1413", address: 0x4D, states: 4) {
            let chip = SimulatedEMC1413()
            return Chip(device: chip) { state in
                let (local, first, second) = [
                    (21.0, 30.5, 40.125), (0, 0.125, 127.875), (99.5, nil, 1), (10, nil, nil),
                ][state]
                chip.set(celsius: local, first: first, second: second)
                return [("temperature", local, 0)] + (first.map { [("temperature-1", $0, 0)] } ?? [])
                    + (second.map { [("temperature-2", $0, 0)] } ?? [])
            }
        } makeDriver: {
            EMC1413(on: $0, address: 0x4D, clock: $1)
        },
        DriverCase(name: "DPS310", address: 0x77, states: climates.count) {
            let chip = SimulatedDPS310()
            return Chip(device: chip) { state in
                let climate = climates[state]
                chip.set(celsius: climate.celsius, pascal: climate.pascal)
                return [("temperature", climate.celsius, 0.001), ("pressure", climate.pascal, 0.1)]
            }
        } makeDriver: {
            DPS310(on: $0, clock: $1)
        },
        DriverCase(name: "LSM303DLHC", address: 0x1E, states: 3) {
            let chip = SimulatedLSM303DLHC()
            return Chip(device: chip) { state in
                let (x, y, z) = [(20e-6, 0, -43e-6), (-130e-6, 130e-6, 1e-7), (1, 5e-6, -1)][state]
                chip.set(x: x, y: y, z: z)
                // What is beyond the range is left out.
                return [("magnetic-field-x", x, 1e-7), ("magnetic-field-y", y, 1e-7), ("magnetic-field-z", z, 1e-7)]
                    .filter { abs($0.1) < 1 }
            }
        } makeDriver: {
            LSM303DLHC(on: $0, clock: $1)
        },
        DriverCase(name: "DS3231", address: 0x68, knowsItsChip: false, states: 3) {
            let chip = SimulatedDS3231()
            return Chip(device: chip) { state in
                let celsius = [21.25, -0.25, -40][state]
                chip.set(celsius: celsius)
                // 2024-02-29 12:34:56.
                chip.set(time: [0x56, 0x34, 0x12, 5, 0x29, 0x02, 0x24])
                return [("temperature", celsius, 0), ("time", 1_709_210_096, 0)]
            }
        } makeDriver: { port, _ in
            DS3231(on: port)
        },
        DriverCase(name: "DS1338", address: 0x68, knowsItsChip: false, states: 1) {
            let chip = SimulatedDS3231()
            return Chip(device: chip) { _ in
                chip.set(time: [0x59, 0x59, 0x23, 5, 0x31, 0x12, 0x99])
                return [("time", 4_102_444_799, 0)]
            }
        } makeDriver: { port, _ in
            DS1338(on: port)
        },
        DriverCase(name: "MCP23017", address: 0x20, states: 3) {
            let chip = SimulatedMCP23017()
            return Chip(device: chip) { state in
                let levels: UInt16 = [0x0000, 0x8001, 0xFFFF][state]
                chip.drive(levels)
                return [("level-a0", Double(levels & 1), 0), ("level-b7", Double(levels >> 15), 0)]
            }
        } makeDriver: {
            MCP23017(on: $0, inputs: [0, 15], clock: $1)
        },
    ]
}
