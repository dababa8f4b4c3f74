/// Pairs of what a sensor says and what is true, joined by straight lines.
struct CalibrationTable: Sendable {
    private let pairs: [(measured: Double, true: Double)]

    /// Of pairs with the same measured value the first counts, and pairs that are not numbers do not. None leaves
    /// values as they are, one shifts them.
    init(_ pairs: [(measured: Double, true: Double)]) {
        var sorted: [(measured: Double, true: Double)] = []
        for pair in pairs where pair.measured.isFinite && pair.true.isFinite {
            let place = sorted.firstIndex { $0.measured >= pair.measured } ?? sorted.endIndex
            if place < sorted.endIndex, sorted[place].measured == pair.measured { continue }
            sorted.insert(pair, at: place)
        }
        self.pairs = sorted
    }

    func correct(_ value: Double) -> Double {
        guard let first = pairs.first else { return value }
        guard pairs.count > 1 else { return value - first.measured + first.true }
        // The line to the first pair beyond the value; before the first and after the last pair those there go on.
        let upper = pairs.firstIndex { $0.measured > value } ?? pairs.endIndex
        let end = min(max(upper, 1), pairs.count - 1)
        let (a, b) = (pairs[end - 1], pairs[end])
        return a.true + (value - a.measured) * ((b.true - a.true) / (b.measured - a.measured))
    }
}
