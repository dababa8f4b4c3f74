/// When in its period a sensor is sampled.
public enum SamplingPhase: Sendable, Hashable {
    /// First at once, and then a period later each time.
    case atStart
    /// At a moment that follows from the sensor's id: so many sensors with one period do not all want their bus at once.
    /// It is the same after every restart of the sensor, the first up to a period away.
    case spread
    /// So long after the whole periods since the sensor was made, such as half a period after another one.
    case at(Duration)

    /// How long after whole periods, less than a period.
    func offset(id: String, period: Duration) -> Duration? {
        switch self {
        case .atStart: return nil
        case .spread: return period * Self.share(of: id)
        case .at(let moment):
            guard period > .zero else { return .zero }
            let rest = moment - period * (moment / period).rounded(.down)
            // Rounding may reach the whole period.
            return rest >= .zero && rest < period ? rest : .zero
        }
    }

    /// A part of one, spread evenly over ids however alike they are: FNV-1a, whose upper bits hardly follow the last
    /// letters, and the finalizer of SplitMix64, which mends that.
    static func share(of id: String) -> Double {
        var hash = id.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        hash = (hash ^ hash >> 30) &* 0xBF58_476D_1CE4_E5B9
        hash = (hash ^ hash >> 27) &* 0x94D0_49BB_1331_11EB
        hash ^= hash >> 31
        // A Double has 53 bits.
        return Double(hash >> 11) / 9_007_199_254_740_992
    }
}
