/// A number with few decimals, as sensors give them: 21.37 is 2137 with two.
struct Decimal: Hashable {
    let mantissa: Int64
    /// How many digits of the mantissa stand behind the point, 1 to 9; the last of them is not 0.
    let decimals: Int

    /// 10^0 to 10^9: a double holds each of them exactly, as it does up to 10^22.
    private static let powers: [Double] = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9]

    /// - Parameters:
    ///   - mantissa: not 0.
    ///   - decimals: at least 1, and such that the number is not whole.
    init(_ mantissa: Int64, decimals: Int) {
        var (mantissa, decimals) = (mantissa, decimals)
        while mantissa % 10 == 0, decimals > 1 {
            mantissa /= 10
            decimals -= 1
        }
        (self.mantissa, self.decimals) = (mantissa, decimals)
    }

    /// The shortest decimal that reads back as this double; nil when it has more than 9 decimals or 15 digits.
    ///
    /// The quotient of two exact doubles is rounded correctly, so it is what a reader makes of the decimal. No two decimals
    /// of at most 15 digits read back as the same double, so the first one found is the only one.
    /// - Parameter value: finite and not whole.
    @inline(__always)
    init?(exactly value: Double) {
        for decimals in 1...9 {
            let mantissa = (value * Self.powers[decimals]).rounded()
            guard mantissa.magnitude < 1e15 else { return nil }
            if mantissa / Self.powers[decimals] == value {
                (self.mantissa, self.decimals) = (Int64(mantissa), decimals)
                return
            }
        }
        return nil
    }

    /// What a reader makes of it, when the mantissa is below 2^53.
    var double: Double { Double(mantissa) / Self.powers[decimals] }
}
