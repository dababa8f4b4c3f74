import Testing

@testable import Sensors

/// The datasheets' own examples, and the edges of two's complement. What is not from a datasheet says so.
struct FormulaTests {
    // The format is the datasheet's (DS25095A, register 5-4 and equation 5-1), the numbers are not: its sample code has the
    // sign of temperatures below zero wrong. The three flags above do not count.
    @Test(
        arguments: [
            (0x0000, 0), (0x0001, 0.0625), (0x0194, 25.25), (0x07D0, 125), (0x1FFF, -0.0625), (0x1D80, -40),
            (0x1000, -256), (0x0FFF, 255.9375),
        ] as [(UInt16, Double)], [0x0000, 0x2000, 0xE000] as [UInt16])
    func mcp9808(vector: (raw: UInt16, celsius: Double), flags: UInt16) {
        #expect(MCP9808.celsius(vector.raw | flags) == vector.celsius)
    }

    // The ends of the datasheets' formulas (SHT3x version 5, section 4.13; SHT4x as the kernel's drivers/hwmon/sht4x.c has
    // it, to its last digit); 0x6666 is exactly two fifths of 65,535.
    @Test func sensirion() {
        #expect(Sensirion.celsius(0) == -45)
        #expect(Sensirion.celsius(0xFFFF) == 130)
        #expect(abs(Sensirion.celsius(0x6666) - 25) < 1e-9)
        #expect(SHT3x.humidity(0) == 0)
        #expect(SHT3x.humidity(0xFFFF) == 100)
        #expect(abs(SHT4x.humidity(0x6666) - 44) < 1e-9)
        #expect(SHT4x.humidity(0) == 0, "cut, not -6")
        #expect(SHT4x.humidity(0xFFFF) == 100, "cut, not 119")
        for raw in stride(from: 3200, through: 55_000, by: 777) {
            let celsius = Double((21_875 * raw) >> 13) / 1000 - 45
            let humidity = Double((15_625 * raw) >> 13) / 1000 - 6
            #expect(abs(Sensirion.celsius(UInt16(raw)) - celsius) < 0.005)
            #expect(abs(SHT4x.humidity(UInt16(raw)) - humidity) < 0.005)
        }
    }

    // SHT3x datasheet version 5, table 18: after a reset bits 15 and 4 are set; 15, 11 and 10 are alerts.
    @Test(
        arguments: [
            (0x8010, true), (0x0000, true), (0x8C10, true), (0x8012, false), (0x8011, false), (0xA010, false),
            (0xFFFF, false),
        ] as [(UInt16, Bool)]) func sht3xStatus(status: UInt16, isGood: Bool)
    {
        #expect((SHT3x.fault(status) == nil) == isGood)
    }

    // SHT3x datasheet version 5, table 20, and SHT4x: 0xBEEF has the checksum 0x92. (0x81 is that of 0x0000.)
    @Test func sensirionsWordsAreCheckedOneByOne() throws {
        #expect(try Sensirion.words([0xBE, 0xEF, 0x92, 0x00, 0x00, 0x81], of: "it", sensor: "s") == [0xBEEF, 0])
        #expect(throws: SensorError.badChecksum(sensor: "s", of: "it", expected: 0x81, found: 0x80)) {
            try Sensirion.words([0xBE, 0xEF, 0x92, 0x00, 0x00, 0x80], of: "it", sensor: "s")
        }
        #expect(throws: SensorError.badChecksum(sensor: "s", of: "it", expected: 0x92, found: 0x93)) {
            try Sensirion.words([0xBE, 0xEF, 0x93, 0x00, 0x00, 0x81], of: "it", sensor: "s")
        }
    }

    /// Every single bit that turns over is noticed.
    @Test func sensirionsChecksumFindsEveryBitError() {
        for byte in 0..<3 {
            for bit in 0..<8 {
                var bytes: [UInt8] = [0x12, 0x34, 0x37]
                #expect((try? Sensirion.words(bytes, of: "it", sensor: "s")) == [0x1234])
                bytes[byte] ^= 1 << bit
                #expect(throws: SensorError.self) { try Sensirion.words(bytes, of: "it", sensor: "s") }
            }
        }
    }

    // BST-BMP280-DS001, section 3.12, "Calculating pressure and temperature".
    private static func example() -> BoschCalibration {
        var bytes: [UInt8] = []
        for value in [27504, 26435, -1000, 36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000] {
            let word = UInt16(truncatingIfNeeded: value)
            bytes += [UInt8(word & 0xFF), UInt8(word >> 8)]
        }
        return BoschCalibration(bytes)
    }

    @Test func bmp280() throws {
        let calibration = Self.example()
        let fine = calibration.fineTemperature(519_888)
        #expect(fine == 128_422)
        #expect(BoschCalibration.celsius(fine) == 25.08)
        let pascal = try #require(calibration.pascal(415_148, fine: fine))
        // The datasheet prints 25767236, that is 100653.27; its formula makes 25767233 of these numbers, as others found.
        #expect(pascal == 25_767_233 / 256.0)
        // Section 8.1, the formula in floating point, with the same numbers.
        let x = Double(fine) / 2 - 64_000
        let offset = (x * x * -7 / 32_768 + x * 140 * 2) / 4 + 2855 * 65_536
        let gain = (1 + (3024 * x * x / 524_288 + -10_685 * x) / 524_288 / 32_768) * 36_477
        var reference = (1_048_576 - 415_148 - offset / 4096) * 6250 / gain
        reference += (6000 * reference * reference / 2_147_483_648 + reference * -14_600 / 32_768 + 15_500) / 16
        #expect(abs(pascal - reference) < 0.05)
        #expect(abs(reference - 100_653.27) < 0.05)
    }

    // Not in the datasheet: its formula in floating point (BST-BME280-DS002, section 8.1) is the reference, with
    // parameters such as real chips have.
    @Test(arguments: [0, 20_000, 30_000, 36_000, 65_535], [-10_000, 128_422, 435_200])
    func bme280Humidity(raw: Int, fine: Int) {
        var calibration = Self.example()
        calibration.setHumidity(first: 75, rest: [0x6A, 0x01, 0x00, 0x13, 0x29, 0x03, 0x1E])
        #expect(
            [calibration.h1, calibration.h2, calibration.h3, calibration.h4, calibration.h5, calibration.h6]
                == [75, 362, 0, 0x139, 0x032, 30])
        let x = Double(fine) - 76_800
        var humidity = Double(raw) - (313 * 64 + 50 / 16_384 * x)
        humidity *= 362 / 65_536 * (1 + 30 / 67_108_864 * x)
        humidity *= 1 - 75 * humidity / 524_288
        #expect(abs(calibration.humidity(raw, fine: fine) - min(max(humidity, 0), 100)) < 0.02)
    }

    @Test func bme280HumidityParametersMayBeNegative() {
        var calibration = BoschCalibration()
        calibration.setHumidity(first: 0, rest: [0, 0x80, 0xFF, 0x80, 0xF0, 0xFF, 0x80])
        #expect(calibration.h2 == -32_768)
        #expect(calibration.h3 == 255)
        #expect(calibration.h4 == -2048)
        #expect(calibration.h5 == -1)
        #expect(calibration.h6 == -128)
    }

    @Test func brokenCalibrationIsNoticed() {
        #expect(BoschCalibration([UInt8](repeating: 0, count: 24)).isBlank)
        #expect(BoschCalibration([UInt8](repeating: 0xFF, count: 24)).isBlank)
        #expect(!Self.example().isBlank)
        // Nothing to divide by.
        #expect(BoschCalibration().pascal(415_148, fine: 0) == nil)
    }

    // SBAS444, table "Input Signal Versus Ideal Output Code" (that of the ADS1118, SBAS457, is the same).
    @Test(
        arguments: [(0x7FFF, 32_767), (0x0001, 1), (0x0000, 0), (0xFFFF, -1), (0x8000, -32_768)] as [(UInt16, Double)])
    func ads1115(raw: UInt16, steps: Double) {
        #expect(ADS1115.volts(raw, .mV4096) == steps * 4.096 / 32_768)
        #expect(ADS1115.volts(raw, .mV256) == steps * 0.256 / 32_768)
    }

    // SBOS448F, table 3, "Configure/Measure/Calculate Example": 11.98 V at 2 milliohms and 10 A, 119.8 W.
    @Test func ina219() {
        #expect(INA219.volts(0x5D98) == 11.98)
        #expect(INA219.shuntVolts(0x07D0) == 0.02)
        #expect(abs(INA219.volts(0x5D98) * INA219.shuntVolts(0x07D0) / 0.002 - 119.8) < 1e-9)
    }

    // SBOS448, section 8.6.3.1, table "Shunt Voltage Register Format".
    @Test(
        arguments: [
            (0x7D00, 0.32), (0x3E80, 0.16), (0x1F40, 0.08), (0x0FA0, 0.04), (0xF060, -0.04), (0x8300, -0.32), (0, 0),
            (0xFFFF, -0.00001),
        ] as [(UInt16, Double)]) func ina219Shunt(raw: UInt16, volts: Double)
    {
        #expect(INA219.shuntVolts(raw) == volts)
    }

    // Technical note 2009.04 rev. B, section "Read Format": 0x8390 is 28,067 lx.
    @Test func bh1750() {
        #expect(BH1750.lux(0x8390).rounded() == 28_067)
        #expect(BH1750.lux(0) == 0)
    }

    // Datasheet 84286, table "Resolution and maximum detection range".
    @Test(
        arguments: [
            (.x2, .ms800, 0.0042, 275), (.x1, .ms100, 0.0672, 4404), (.quarter, .ms400, 0.0672, 4404),
            (.eighth, .ms25, 2.1504, 140_926), (.eighth, .ms100, 0.5376, 35_232),
        ] as [(VEML7700.Gain, VEML7700.IntegrationTime, Double, Double)])
    func veml7700(gain: VEML7700.Gain, time: VEML7700.IntegrationTime, resolution: Double, range: Double) {
        #expect(abs(VEML7700.lux(1, gain, time) - resolution) < 1e-9)
        // Without the correction of the small gains, which bend.
        if gain == .x1 || gain == .x2 { #expect(abs(VEML7700.lux(65_535, gain, time) - range) < 1) }
    }

    // Not in the datasheet: the application note's polynomial, computed apart.
    @Test func veml7700IsCorrectedWhereItBends() {
        let raw: UInt16 = 20_000
        let lux = 20_000 * 0.5376
        let squares = 8.1488e-5 * lux * lux + 1.0023 * lux
        let corrected = 6.0135e-13 * lux * lux * lux * lux - 9.3924e-9 * lux * lux * lux + squares
        #expect(abs(VEML7700.lux(raw, .eighth, .ms100) - corrected) < 1e-6)
        // Twice the counts with a quarter is the same light.
        #expect(abs(VEML7700.lux(2 * raw, .quarter, .ms100) - corrected) < 1e-6)
        #expect(VEML7700.lux(raw, .x1, .ms100) == 20_000 * 0.0042 * 2 * 8, "the others do not bend")
        #expect(VEML7700.lux(1000, .eighth, .ms100) == 1000 * 0.0042 * 16 * 8, "below 1,000 lx nothing is corrected")
    }

    // SBOS398C: 20 and -20 degrees are the section's example "Standard Decimal to Binary", the fraction is of table 2, the
    // flags are of table 3; the rest follows from two's complement.
    @Test(
        arguments: [
            (0x7F, 0x00, 127), (0x19, 0x00, 25), (0x00, 0x00, 0), (0x00, 0x10, 0.0625), (0xFF, 0xF0, -0.0625),
            (0x14, 0x00, 20), (0xEC, 0x00, -20), (0x00, 0xF0, 0.9375), (0xE7, 0x00, -25), (0xD8, 0x00, -40),
            (0x80, 0x00, -128), (0x19, 0x01, nil), (0x19, 0x02, nil), (0x19, 0x03, nil),
        ] as [(UInt8, UInt8, Double?)]) func tmp421(upper: UInt8, lower: UInt8, celsius: Double?)
    {
        #expect(TMP421.celsius(upper, lower) == celsius)
    }

    // DS20005274, table "Temperature Data Format", default range; the kernel's drivers/hwmon/emc1403.c reads the same.
    @Test(
        arguments: [(0x00, 0x00, 0), (0x00, 0x20, 0.125), (0x3F, 0x00, 63), (0x7F, 0xE0, 127.875)]
            as [(UInt8, UInt8, Double)]) func emc1413(upper: UInt8, lower: UInt8, celsius: Double)
    {
        #expect(EMC1413.celsius(upper, lower) == celsius)
        #expect(EMC1413.celsius(upper, lower | 0x1F) == celsius, "the rest is undefined")
    }

    // Not in the datasheet, which has no example: coefficients and a raw value in a report to the maker
    // (Infineon/DPS310-Pressure-Sensor, issue 30), where somebody computed the temperature by hand, with the ratio rounded to 0.382419: 222 / 2 - 113.578443.
    @Test func dps310Temperature() {
        let bytes: [UInt8] = [0x0D, 0xEE, 0xD7] + [UInt8](repeating: 0, count: 15)
        #expect(abs(DPS310Calibration(bytes, scale: 524_288).celsius(200_498) - (111 - 113.578443)) < 297 * 5e-7 + 1e-4)
    }

    // Not in the datasheet: the registers of a real chip; the results were computed apart with fractions.
    @Test func dps310() {
        let bytes: [UInt8] = [
            0x0E, 0x1E, 0xDD, 0x13, 0xCA, 0x5F, 0x21, 0x52, 0xF9, 0xC6, 0x04, 0xD1, 0xDB, 0x47, 0x00, 0x5B, 0xFB, 0x3A,
        ]
        let calibration = DPS310Calibration(bytes, scale: 524_288)
        #expect(abs(calibration.celsius(0x0269A6) - 24.73843002319336) < 1e-6)
        #expect(abs(calibration.pascal(0xFE2FEE - 0x1000000, temperature: 0x0269A6) - 92946.31142171418) < 1e-6)
    }

    // DocID018771, table 75 (register CRB_REG_M): units in a gauss.
    @Test func lsm303Gains() {
        let ranges: [LSM303DLHC.Range] = [
            .microteslas130, .microteslas190, .microteslas250, .microteslas400, .microteslas470, .microteslas560,
            .microteslas810,
        ]
        #expect(ranges.map(\.rawValue) == [1, 2, 3, 4, 5, 6, 7])
        #expect(ranges.map(\.gain.xy) == [1100, 855, 670, 450, 400, 330, 230])
        #expect(ranges.map(\.gain.z) == [980, 760, 600, 400, 355, 295, 205])
    }

    // HMC5883L datasheet, section "Data Output X Registers": -4096 is an overflow.
    @Test func lsm303() {
        #expect(LSM303DLHC.tesla(1100, gain: 1100) == 1e-4)
        #expect(LSM303DLHC.tesla(0xFFFF, gain: 980).map { abs($0 + 1e-4 / 980) < 1e-15 } == true)
        #expect(LSM303DLHC.tesla(0xF000, gain: 1100) == nil)
    }

    // DS3231 datasheet 19-5170 rev. 10, section "Temperature Registers": 0b00011001 01 is +25.25. Format: figure 1.
    @Test(
        arguments: [(0x1940, 25.25), (0x0000, 0), (0xFFC0, -0.25), (0xE700, -25), (0x7FC0, 127.75)]
            as [(UInt16, Double)])
    func ds3231(raw: UInt16, celsius: Double) {
        #expect(DS3231.celsius(raw) == celsius)
        #expect(DS3231.celsius(raw | 0x3F) == celsius, "the rest is undefined")
    }

    // PCA9685 rev. 4, section 7.3.5: 200 Hz is 0x1E; user manual UM10574, section 8.2: 3 is 1526 Hz, and 255 is 24 Hz (to be
    // exact 23.84, so that 24 needs 253).
    @Test func pca9685() {
        #expect(PCA9685.prescaler(200) == 0x1E)
        #expect(PCA9685.prescaler(50) == 121)
        #expect(PCA9685.prescaler(1526) == 3)
        #expect(PCA9685.prescaler(24) == 253)
        for impossible: Double in [0, -1, 10, 2000, .nan, .infinity] { #expect(PCA9685.prescaler(impossible) == nil) }
        #expect(PCA9685.Outputs.registers(0) == [0, 0, 0, 0x10])
        #expect(PCA9685.Outputs.registers(1) == [0, 0x10, 0, 0])
        #expect(PCA9685.Outputs.registers(0.5) == [0, 0, 0x00, 0x08])
        #expect(PCA9685.Outputs.registers(4095 / 4096) == [0, 0, 0xFF, 0x0F])
        for odd: Double in [-1, -.infinity, .nan] { #expect(PCA9685.Outputs.registers(odd) == [0, 0, 0, 0x10]) }
        #expect(PCA9685.Outputs.registers(7) == [0, 0x10, 0, 0])
    }

    @Test(arguments: [(-0.5, 0), (0, 0), (254.6, 254), (255, 255), (1e300, 255), (.nan, 0)] as [(Double, UInt8)])
    func bytesAreClamped(value: Double, byte: UInt8) {
        #expect(UInt8(clamped: value) == byte)
    }
}
