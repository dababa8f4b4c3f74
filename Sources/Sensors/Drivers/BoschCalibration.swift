/// What the maker measured of one BMP280 or BME280, and the formulas that turn its raw values into physical ones.
///
/// Formulas and layout are those of the datasheets, in integers of 64 bits: BMP280 BST-BMP280-DS001 rev. 1.14, sections
/// 3.11.2 (trimming parameters) and 3.11.3 (formulas); BME280 BST-BME280-DS002 rev. 1.6, sections 4.2.2 and 4.2.3.
/// Operators that wrap: with the parameters of a damaged chip the result is nonsense, but never a trap.
struct BoschCalibration: Sendable {
    var t1 = 0
    var t2 = 0
    var t3 = 0
    /// dig_P1 through dig_P9.
    var p = [Int](repeating: 0, count: 9)
    var h1 = 0
    var h2 = 0
    var h3 = 0
    var h4 = 0
    var h5 = 0
    var h6 = 0

    init() {}

    /// - Parameter bytes: the 24 from register 0x88 on.
    init(_ bytes: [UInt8]) {
        t1 = Int(bytes.littleEndian(0))
        t2 = bytes.littleEndian(2).signed(bits: 16)
        t3 = bytes.littleEndian(4).signed(bits: 16)
        p[0] = Int(bytes.littleEndian(6))
        for index in 1..<9 { p[index] = bytes.littleEndian(6 + 2 * index).signed(bits: 16) }
    }

    /// - Parameters:
    ///   - first: register 0xA1.
    ///   - rest: the 7 from register 0xE1 on.
    mutating func setHumidity(first: UInt8, rest: [UInt8]) {
        h1 = Int(first)
        h2 = rest.littleEndian(0).signed(bits: 16)
        h3 = Int(rest[2])
        // Two numbers of 12 bits share the byte in the middle.
        h4 = (Int(rest[3]) << 4 | Int(rest[4] & 0x0F)).signed(bits: 12)
        h5 = (Int(rest[5]) << 4 | Int(rest[4] >> 4)).signed(bits: 12)
        h6 = rest[6].signed(bits: 8)
    }

    /// Whether the chip's memory of them was never written or reads as an idle bus: neither t1 nor p1 can be 0.
    var isBlank: Bool { t1 == 0 || p[0] == 0 || (t1 == 0xFFFF && t2 == -1) }

    /// The temperature as the other formulas want it: 5,120 units are a degree.
    func fineTemperature(_ raw: Int) -> Int {
        let linear = (((raw >> 3) &- (t1 << 1)) &* t2) >> 11
        let difference = (raw >> 4) &- t1
        let quadratic = (((difference &* difference) >> 12) &* t3) >> 14
        return linear &+ quadratic
    }

    /// In hundredths of a degree Celsius.
    static func celsius(_ fine: Int) -> Double { Double((fine &* 5 &+ 128) >> 8) / 100 }

    /// In pascals, in steps of 1/256; nil where the formula has no result.
    func pascal(_ raw: Int, fine: Int) -> Double? {
        let x = fine &- 128_000
        var offset = x &* x &* p[5]
        offset = offset &+ ((x &* p[4]) << 17)
        offset = offset &+ (p[3] << 35)
        var gain = ((x &* x &* p[2]) >> 8) &+ ((x &* p[1]) << 12)
        gain = (((1 << 47) &+ gain) &* p[0]) >> 33
        guard gain > 0 else { return nil }
        var pressure = 1_048_576 &- raw
        pressure = ((pressure << 31) &- offset) &* 3125 / gain
        let square = (p[8] &* (pressure >> 13) &* (pressure >> 13)) >> 25
        let linear = (p[7] &* pressure) >> 19
        pressure = ((pressure &+ square &+ linear) >> 8) &+ (p[6] << 4)
        return Double(pressure) / 256
    }

    /// In percent, in steps of 1/1024, from 0 to 100.
    func humidity(_ raw: Int, fine: Int) -> Double {
        let x = fine &- 76_800
        let offset = (raw << 14) &- (h4 << 20) &- (h5 &* x)
        let curve = (((x &* h6) >> 10) &* (((x &* h3) >> 11) &+ 32_768)) >> 10
        let gain = ((curve &+ 2_097_152) &* h2 &+ 8192) >> 14
        var humidity = ((offset &+ 16_384) >> 15) &* gain
        humidity = humidity &- (((((humidity >> 15) &* (humidity >> 15)) >> 7) &* h1) >> 4)
        return Double(min(max(humidity, 0), 419_430_400) >> 12) / 1024
    }
}
