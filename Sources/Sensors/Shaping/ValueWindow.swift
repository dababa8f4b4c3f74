/// The last numbers of a series, up to a fixed count.
struct ValueWindow: Sendable {
    private let capacity: Int
    private var values: [Double] = []
    private var oldest = 0

    /// - Parameter capacity: at least 1.
    init(capacity: Int) {
        self.capacity = capacity
    }

    mutating func append(_ value: Double) {
        guard values.count == capacity else { return values.append(value) }
        values[oldest] = value
        oldest = (oldest + 1) % capacity
    }

    /// The one in the middle, of an even count the mean of the two there. There must be one.
    var median: Double {
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : sorted[middle - 1] / 2 + sorted[middle] / 2
    }

    /// There must be one. Summed anew each time: a sum that is kept gathers errors.
    var mean: Double { values.reduce(0) { $0 + $1 / Double(values.count) } }
}
