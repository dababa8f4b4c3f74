internal import Hardware

/// An open BMP280 or BME280. Sections are those of the BME280's datasheet, BST-BME280-DS002 rev. 1.6.
public struct BoschBarometer: Sendable {
    /// How often a value is measured to become one, which halves the noise with every fourfold (section 3.4).
    public enum Oversampling: UInt8, Sendable, Hashable {
        case x1 = 1
        case x2 = 2
        case x4 = 3
        case x8 = 4
        case x16 = 5

        var times: Int { 1 << (Int(rawValue) - 1) }
    }

    /// How the driver of one of the two finds its chip and what it asks of it.
    struct Setup: Sendable {
        let id: String
        /// Which of the two is expected.
        let type: String
        /// What its register `id` may say.
        let ids: [UInt8]
        let hasHumidity: Bool
        let port: I2CPort
        let address: I2CAddress
        let oversampling: Oversampling
        let clock: any Clock<Duration>

        func open() async throws -> BoschBarometer {
            let chip = try I2CChip(type, at: address, on: port, clock: clock)
            try await chip.identify(0xD0, as: ids)
            // Section 5.4.2: a reset; section 1.1: start-up takes 2 ms; section 5.4.4: then the parameters are copied.
            try await chip.write(0xE0, 0xB6)
            try await chip.pause(.milliseconds(2))
            try await chip.wait(for: "its start", every: .milliseconds(2), attempts: 10) {
                try await chip.read8(0xF3) & 1 == 0
            }
            var calibration = BoschCalibration(try await chip.read(0x88, 24))
            if hasHumidity {
                calibration.setHumidity(first: try await chip.read8(0xA1), rest: try await chip.read(0xE1, 7))
                // Section 5.4.3: takes effect with the next write of register 0xF4.
                try await chip.write(0xF2, oversampling.rawValue)
            }
            guard !calibration.isBlank else {
                throw chip.fault("its calibration is blank", hint: "the chip is broken, or its supply too low")
            }
            // Section 5.4.6: no filter.
            try await chip.write(0xF5, 0)
            return BoschBarometer(
                chip: chip, calibration: calibration, oversampling: oversampling, hasHumidity: hasHumidity)
        }
    }

    let chip: I2CChip
    private let calibration: BoschCalibration
    private let oversampling: Oversampling
    private let hasHumidity: Bool

    func sample() async throws -> [Measurement] {
        // Section 5.4.5: temperature, pressure and forced mode, which is one measurement.
        try await chip.write(0xF4, oversampling.rawValue << 5 | oversampling.rawValue << 2 | 1)
        // Section 9.1: at most 1.25 ms, 2.3 ms for each of what is measured, and 0.575 ms for each but the temperature.
        let each = 2300 * oversampling.times
        try await chip.pause(.microseconds(1250 + each + (each + 575) * (hasHumidity ? 2 : 1)))
        try await chip.wait(for: "the measurement", every: .milliseconds(1), attempts: 10) {
            try await chip.read8(0xF3) & 8 == 0
        }
        // Section 4: in one transaction, so that all are of one measurement.
        let bytes = try await chip.read(0xF7, hasHumidity ? 8 : 6)
        // Section 5.4.3: a humidity that is skipped reads so, as it is since a loss of power. Near 70 % it can also be
        // measured, so the chip is asked which it was.
        if hasHumidity, bytes.bigEndian(6) == 0x8000, try await chip.read8(0xF2) & 7 != oversampling.rawValue {
            throw chip.lostPower("it has not measured the humidity")
        }
        return try measurements(bytes)
    }

    private func measurements(_ bytes: [UInt8]) throws(SensorError) -> [Measurement] {
        let pressure = Int(bytes.bigEndian(0)) << 4 | Int(bytes[2] >> 4)
        let temperature = Int(bytes.bigEndian(3)) << 4 | Int(bytes[5] >> 4)
        let fine = calibration.fineTemperature(temperature)
        // Section 5.4.7: what the registers hold while there is no measurement.
        guard temperature != 0x80000, pressure != 0x80000, let pascal = calibration.pascal(pressure, fine: fine) else {
            throw chip.lostPower("it has not measured")
        }
        var measurements = [
            Measurement(.temperature, .number(BoschCalibration.celsius(fine))),
            Measurement(.pressure, .number(pascal)),
        ]
        if hasHumidity {
            let humidity = calibration.humidity(Int(bytes.bigEndian(6)), fine: fine)
            measurements.append(Measurement(.humidity, .number(humidity)))
        }
        return measurements
    }
}
