internal import Hardware
internal import Supervision

/// Maxim MAX31865: a platinum resistance thermometer, PT100 or PT1000 (datasheet 19-6478, rev. 3).
///
/// Every sample is a look at the wires and a single conversion, so that the current does not warm the sensor in between.
/// Of 3 or 4 wires the one at RTDIN+ may be broken unnoticed, unless the board has 10 megohms from there to BIAS (section
/// "Detecting RTDIN+ Cable Faults").
public struct MAX31865: PolledDriver {
    /// How many wires lead to the sensor.
    public enum Wiring: Sendable, Hashable {
        case two, three, four
    }

    /// What hum the filter takes out.
    public enum Mains: Sendable, Hashable {
        case hz50, hz60
    }

    /// The chip, open and with its bias voltage off.
    public struct Device: Sendable {
        let spi: SPIDevice
        let timeline: Timeline

        var name: String { "MAX31865 at \(spi.name)" }
    }

    public let id: String
    private let port: SPIPort
    private let nominal: Double
    private let reference: Double
    private let configuration: UInt8
    private let clock: any Clock<Duration>

    /// - Parameters:
    ///   - port: the chip select the chip is at.
    ///   - nominal: the sensor's resistance at 0 degrees: 100 ohms for a PT100, 1000 for a PT1000.
    ///   - reference: the resistor on the board in ohms; nil for four times the nominal resistance, as the datasheet
    ///     recommends (section "Reference Resistor") and most boards have 400 or 430.
    ///   - wiring: how many wires lead to the sensor.
    ///   - mains: what hum the filter takes out.
    ///   - clock: the clock of the waits for the chip.
    public init(
        on port: SPIPort, nominal: Double = 100, reference: Double? = nil, wiring: Wiring = .four,
        mains: Mains = .hz50, clock: any Clock<Duration> = ContinuousClock()
    ) {
        id = "max31865-\(port.name)"
        self.port = port
        self.nominal = nominal
        self.reference = reference ?? 4 * nominal
        configuration = (wiring == .three ? Self.threeWire : 0) | (mains == .hz50 ? Self.filter50Hz : 0)
        self.clock = clock
    }

    /// - Throws: `SPIError`, ``SensorError``.
    public func open() async throws -> Device {
        guard nominal > 0, nominal.isFinite, reference > 0, reference.isFinite else {
            throw SensorError.invalidArgument(
                sensor: id, what: "resistances of \(nominal) and \(reference) ohms cannot be")
        }
        // Section "Serial Interface": modes 1 and 3, up to 5 MHz.
        let device = Device(
            spi: try port.open(SPISettings(mode: .mode1, speed: 5_000_000)), timeline: Timeline(clock))
        // It has no identity: known by keeping what it is told.
        try await write(configuration, device)
        let found = try await read(Self.configurationRegister, 1, device)[0]
        guard found == configuration else {
            throw SensorError.wrongChip(
                sensor: device.name, what: "configuration", expected: hexadecimal(configuration),
                found: hexadecimal(found))
        }
        // Section "Fault Threshold Registers (03h-06h)", table 6. At power-up only the ends of the scale are faults; who had
        // the chip before may have set others.
        let ends = [Self.ratios.upperBound, Self.ratios.lowerBound].map { Self.register($0 * nominal / reference) }
        _ = try await device.spi.transfer(
            [Self.thresholdRegister | 0x80] + ends.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] })
        return device
    }

    /// - Throws: `SPIError`, ``SensorError/fault(sensor:what:hint:)``.
    public func sample(_ device: Device) async throws -> [Measurement] {
        do {
            let measurements = try await convert(device)
            try await write(configuration, device)
            return measurements
        } catch {
            // The sensor is not to be warmed until the next start.
            try? await write(configuration, device)
            throw error
        }
    }

    private func convert(_ device: Device) async throws -> [Measurement] {
        try await write(configuration | Self.bias | Self.clearFaults, device)
        // Section "1-Shot (D5)": 10.5 time constants of the input filter and 1 ms; the largest filter that the
        // datasheet's circuit has, 4 kilohms and 100 nF, takes 4.2 ms.
        try await pause(.milliseconds(10), device)
        try await examineWires(device)
        // The same filter again, as the switch at FORCE- was open.
        try await pause(.milliseconds(6), device)
        try await write(configuration | Self.bias | Self.oneShot, device)
        // Electrical characteristics, single conversion time: at most 55 ms with the filter for 60 Hz, 66 ms for 50 Hz.
        try await pause(.milliseconds(configuration & Self.filter50Hz == 0 ? 56 : 67), device)
        let bytes = try await read(Self.resistanceRegister, 2, device)
        let word = UInt16(bytes[0]) << 8 | UInt16(bytes[1])
        // Table 7: the conversion's faults and those of the wires since they were cleared; the lower two bits have no
        // meaning. Table 4: bit 0 of the resistance tells of any.
        let status = try await read(Self.faultRegister, 1, device)[0] & 0xFC
        if word & 1 != 0 || status != 0 {
            throw SensorError.fault(
                sensor: device.name, what: Self.fault(status),
                hint: "check the sensor, its wires and the reference resistor")
        }
        let resistance = Self.ratio(word) * reference
        guard let celsius = Self.celsius(resistance / nominal) else {
            throw SensorError.fault(
                sensor: device.name, what: "\(resistance) ohms are no temperature of this sensor",
                hint: "check its wires, and the nominal and the reference resistance")
        }
        return [
            Measurement(.temperature, .number(celsius)), Measurement(.resistance, .number(resistance)),
        ]
    }

    /// Section "Fault Detection Cycle (D3:D2)", table 3: a conversion does not find wires that are open or have contact
    /// (bits 5 to 3 of the faults), only this does. Its halves are begun by hand: by itself the chip waits 100 us for the
    /// filter in between, and the largest that the datasheet's circuit has, 4 kilohms and 100 nF, has a time constant of 400.
    private func examineWires(_ device: Device) async throws {
        try await write(configuration | Self.bias | Self.firstHalf, device)
        // The chip compares, opens the switch at FORCE-, and five time constants are to pass.
        try await pause(.milliseconds(3), device)
        try await write(configuration | Self.bias | Self.secondHalf, device)
        // Electrical characteristics, automatic fault detection time: at most 0.6 ms for the whole.
        try await pause(.milliseconds(1), device)
        let found = try await read(Self.configurationRegister, 1, device)[0]
        // Both bits fall back at the end. Something else says that the chip lost its power, or is no longer there.
        guard found == configuration | Self.bias else {
            throw SensorError.fault(
                sensor: device.name,
                what: "its configuration is \(hexadecimal(found)) after a look at the wires, and not "
                    + hexadecimal(configuration | Self.bias),
                hint: "check its supply and the wires of the bus")
        }
    }

    private func pause(_ duration: Duration, _ device: Device) async throws {
        try await device.timeline.sleep(until: device.timeline.now + duration)
    }

    private func write(_ configuration: UInt8, _ device: Device) async throws {
        // Table 1: the addresses for writing have bit 7 set.
        _ = try await device.spi.transfer([Self.configurationRegister | 0x80, configuration])
    }

    private func read(_ register: UInt8, _ count: Int, _ device: Device) async throws -> [UInt8] {
        Array(try await device.spi.transfer([register] + [UInt8](repeating: 0, count: count)).dropFirst())
    }

    /// How much of the reference's resistance the sensor has: 15 bits above that of the faults (tables 4 and 5).
    static func ratio(_ register: UInt16) -> Double { Double(register >> 1) / 32_768 }

    /// The register of a ratio, or the nearest it can have.
    static func register(_ ratio: Double) -> UInt16 {
        UInt16(min(max((ratio * 32_768).rounded(), 0), 32_767)) << 1
    }

    /// Table 7, the most telling first.
    static func fault(_ status: UInt8) -> String {
        let faults: [(UInt8, String)] = [
            (0x04, "a voltage is beyond the supply or below ground"),
            (0x80, "the resistance is above the threshold, as of an open sensor"),
            (0x40, "the resistance is below the threshold, as of a sensor with a short circuit"),
            (0x20, "REFIN- is above 0.85 of the bias voltage: a wire is open"),
            (0x10, "REFIN- is below 0.85 of the bias voltage with FORCE- open: a wire has contact"),
            (0x08, "RTDIN- is below 0.85 of the bias voltage with FORCE- open: a wire has contact"),
        ]
        return faults.first { status & $0.0 != 0 }?.1 ?? "it reports a fault without a reason"
    }

    /// The temperature at which a sensor has so many times the resistance it has at 0 degrees: the inverse of the
    /// equation of Callendar and Van Dusen with the coefficients of IEC 60751. Nil outside of its range, -200 to 850
    /// degrees, and a few degrees around, for tolerances.
    static func celsius(_ ratio: Double) -> Double? {
        let a = 3.9083e-3
        let b = -5.775e-7
        let c = -4.183e-12
        guard ratios.contains(ratio) else { return nil }
        // Above 0 degrees it is quadratic.
        var celsius = (-a + (a * a - 4 * b * (1 - ratio)).squareRoot()) / (2 * b)
        guard ratio < 1 else { return celsius }
        // Below there is a term of the fourth order. From the quadratic solution, at most 2.5 degrees off, Newton's method
        // is within a microdegree after two steps.
        for _ in 0..<3 {
            let error = 1 + celsius * (a + celsius * (b + celsius * (celsius - 100) * c)) - ratio
            celsius -= error / (a + celsius * (2 * b + celsius * (4 * celsius - 300) * c))
        }
        return celsius
    }

    /// How many times the resistance at 0 degrees a sensor has at -205 and at 855 degrees.
    private static let ratios = 0.163...3.9194

    // Tables 1, 2 and 3.
    private static let configurationRegister: UInt8 = 0x00
    private static let resistanceRegister: UInt8 = 0x01
    private static let thresholdRegister: UInt8 = 0x03
    private static let faultRegister: UInt8 = 0x07
    private static let bias: UInt8 = 0x80
    private static let oneShot: UInt8 = 0x20
    private static let threeWire: UInt8 = 0x10
    private static let firstHalf: UInt8 = 0x08
    private static let secondHalf: UInt8 = 0x0C
    private static let clearFaults: UInt8 = 0x02
    private static let filter50Hz: UInt8 = 0x01
}
