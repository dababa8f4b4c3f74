enum Statistics {
    static func median(_ values: [Double]) -> Double { percentile(values.sorted(), 0.5) }

    /// As the peer's: no interpolation.
    static func percentile(_ sorted: [Double], _ share: Double) -> Double {
        sorted[max(1, Int((share * Double(sorted.count)).rounded())) - 1]
    }
}
