import Foundation

/// One record of bench.json; Benchmarks/README.md says what each member means.
struct Record: Encodable {
    enum Unit: String, Encodable {
        case bytes
        case seconds
        case milliseconds = "ms"
        case microseconds = "us"
        case perSecond = "1/s"
        /// A number by itself.
        case one = "1"
    }

    /// A single measurement, with the peer's in the same run.
    struct Value: Encodable {
        var ours: Double
        var peer: Double?

        var ratio: Double? { peer.map { ours / $0 } }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(ours, forKey: .ours)
            try container.encode(peer, forKey: .peer)
        }

        private enum CodingKeys: CodingKey { case ours, peer }
    }

    let name: String
    let unit: Unit
    let values: [Value]
    let versions: [String: String]
    /// 1-minute load average when the measurement began.
    let load: Double

    /// - Parameter mayBeZero: whether 0 is a result and no sign of a broken measurement.
    /// - Throws: when there is no value, or one is not a positive number.
    init(
        _ name: String, _ unit: Unit, _ values: [Value], versions: [String: String], load: Double,
        mayBeZero: Bool = false
    ) throws {
        func isUsable(_ value: Double) -> Bool { (value > 0 || mayBeZero && value == 0) && value.isFinite }
        guard !values.isEmpty, values.flatMap({ [$0.ours, $0.peer ?? 1] }).allSatisfy(isUsable) else {
            throw BenchError("\(name) has no usable measurement: \(values)")
        }
        self.name = name
        self.unit = unit
        self.values = values
        self.versions = versions
        self.load = load
    }

    /// What the figure is bound to, nil when it is only told, and whether it keeps it.
    var must: (bound: Must, isHeld: Bool)? {
        Must.all[name].map { ($0, $0.isHeld(ours: ours, ratio: ratio)) }
    }

    var ours: Double { Self.median(values.map(\.ours)) }
    var peer: Double? { values.allSatisfy { $0.peer != nil } ? Self.median(values.compactMap(\.peer)) : nil }
    /// Of each run by itself, so that what slows a run down counts for both.
    var ratio: Double? { values.allSatisfy { $0.peer != nil } ? Self.median(values.compactMap(\.ratio)) : nil }

    static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    }

    // By hand, because null is to be written out.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encode(ours, forKey: .ours)
        try container.encode(peer, forKey: .peer)
        try container.encode(ratio, forKey: .ratio)
        try container.encode(must?.bound, forKey: .must)
        try container.encode(must?.isHeld, forKey: .held)
        try container.encode(unit, forKey: .unit)
        try container.encode(values.count, forKey: .runs)
        try container.encode(values, forKey: .values)
        try container.encode(versions, forKey: .versions)
        try container.encode(load, forKey: .load)
    }

    private enum CodingKeys: CodingKey { case name, ours, peer, ratio, must, held, unit, runs, values, versions, load }
}
