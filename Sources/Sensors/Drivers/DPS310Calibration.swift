/// What the maker measured of one DPS310, and the formulas that turn its raw values into physical ones (datasheet
/// rev. 1.2, sections "Calibration Coefficients" and "Calculating compensated pressure and temperature values").
struct DPS310Calibration: Sendable {
    private let scale: Double
    private let c0, c1, c00, c10, c01, c11, c20, c21, c30: Double

    /// - Parameters:
    ///   - bytes: the 18 from register 0x10 on: two numbers of 12 bits, two of 20, five of 16.
    ///   - scale: of pressure and temperature, which are measured alike.
    init(_ bytes: [UInt8], scale: Double) {
        func number(_ firstBit: Int, _ bits: Int) -> Double {
            var value = 0
            for bit in firstBit..<firstBit + bits { value = value << 1 | Int(bytes[bit / 8] >> (7 - bit % 8) & 1) }
            return Double(value.signed(bits: bits))
        }
        self.scale = scale
        c0 = number(0, 12)
        c1 = number(12, 12)
        c00 = number(24, 20)
        c10 = number(44, 20)
        c01 = number(64, 16)
        c11 = number(80, 16)
        c20 = number(96, 16)
        c21 = number(112, 16)
        c30 = number(128, 16)
    }

    /// `Tcomp` of the datasheet.
    func celsius(_ raw: Int) -> Double { c0 / 2 + c1 * Double(raw) / scale }

    /// `Pcomp` of the datasheet.
    func pascal(_ raw: Int, temperature: Int) -> Double {
        let p = Double(raw) / scale
        let t = Double(temperature) / scale
        return c00 + p * (c10 + p * (c20 + p * c30)) + t * (c01 + p * (c11 + p * c21))
    }
}
