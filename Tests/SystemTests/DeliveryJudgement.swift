/// What a device's app was told, what the receiver of its readings got, and whether the two fit together
/// (docs/outbox.md, "What is promised").
///
/// It is told everything in the order it happened, and asked for ``violations(through:)`` in the end.
struct DeliveryJudgement {
    /// The readings of one sensor from one process of the app, whose values count up from 0.
    struct Series: Hashable, Sendable {
        /// The beginning of the boot's id.
        var boot: String
        /// With the process's start behind its only dot.
        var sensor: String

        var run: Run { Run(boot: boot, start: String(sensor.split(separator: ".").last ?? "")) }
    }

    /// A process of the app.
    struct Run: Hashable, Sendable {
        var boot: String
        var start: String
    }

    struct Reading: Hashable, Sendable {
        var series: Series
        var value: Int
        var number: Int64
    }

    struct Gap: Hashable, Sendable {
        var numbers: ClosedRange<Int64>
        var reason: String
    }

    /// What the app said about its readings.
    struct Told: Hashable, Sendable {
        enum Promise: String, Sendable {
            /// By ``Publisher/store(_:)``.
            case stored
            /// The window of durability is long over; with a disk that works, that means the same.
            case aged
        }

        var promise: Promise
        var series: Series
        var values: ClosedRange<Int>
    }

    /// What happened to the device.
    enum Event: Sendable {
        /// The app or the device ended without notice.
        case suddenEnd
        /// So many bits of the outbox's files were flipped.
        case damage(bits: Int)
        /// The disk has no room from now on, or has some again.
        case diskFull
        case diskFreed
        /// A disk that was freed has taken readings since, if not before.
        case restart
    }

    enum Violation: Hashable, Sendable {
        /// Two readings had the same number.
        case reused(number: Int64)
        /// A reading had two numbers.
        case renumbered(Series, value: Int)
        /// A reading that came later has a lower number.
        case reordered(Series, value: Int)
        /// The number came for the first time after a higher one had come in an earlier message.
        case late(number: Int64)
        /// The reading came for the first time after a gap had given it up.
        case givenUp(number: Int64)
        /// The app was told that these are stored.
        case lost(Series, values: ClosedRange<Int>)
        /// They are missing before others of the same process, and no gap says why.
        case missing(Series, values: ClosedRange<Int>)
        /// More readings are missing than the flipped bits can have cost.
        case notSalvaged(readings: Int64)
        /// Numbers of which neither a reading nor a gap tells.
        case unaccounted(ClosedRange<Int64>)
        /// Nothing that happened explains it.
        case unexplained(Gap)
    }

    /// A block of readings has up to 3,500 bytes, and a reading here nine at least (OutboxBlock.swift). A flipped bit costs
    /// one block.
    private static let readingsPerBit: Int64 = 400

    /// The numbers of the values that came.
    private var received: [Series: [Int: Int64]] = [:]
    private var readings: [Int64: Reading] = [:]
    private var gaps: Set<Gap> = []
    private var highest = Int64.min
    private var told: [Series: [ClosedRange<Int>]] = [:]
    private var found: Set<Violation> = []

    private var explained: Set<String> = []
    private var isDiskFull = false
    private var isDiskInDoubt = false
    /// Runs that had readings in memory for longer than the window, because the disk was full.
    private var doubtfulRuns: Set<Run> = []
    /// Runs whose readings may have been in files when bits of them were flipped.
    private var damagedRuns: Set<Run> = []
    private var flippedBits: Int64 = 0

    /// Readings received, each counted once.
    var count: Int { readings.count }

    /// Readings that were told to be stored.
    var toldCount: Int { told.values.joined().reduce(0) { $0 + $1.count } }

    mutating func happened(_ event: Event) {
        switch event {
        case .suddenEnd: explained.insert("restart")
        case .damage(let bits):
            flippedBits += Int64(bits)
            explained.formUnion(["corrupt", "restart", "several"])
            damagedRuns.formUnion(received.keys.map(\.run))
            damagedRuns.formUnion(told.keys.map(\.run))
        case .diskFull:
            (isDiskFull, isDiskInDoubt) = (true, true)
            explained.formUnion(["memory", "several"])
        case .diskFreed: isDiskFull = false
        case .restart: isDiskInDoubt = isDiskFull
        }
    }

    mutating func tell(_ new: Told) {
        if isDiskInDoubt { doubtfulRuns.insert(new.series.run) }
        if new.promise == .aged, doubtfulRuns.contains(new.series.run) { return }
        var ranges = told[new.series] ?? []
        if let last = ranges.last, last.lowerBound == new.values.lowerBound { ranges.removeLast() }
        told[new.series] = ranges + [new.values]
    }

    /// One message.
    mutating func receive(_ new: [Reading], gaps newGaps: [Gap]) {
        let limit = highest
        for reading in new {
            if let known = readings[reading.number] {
                if known != reading { found.insert(.reused(number: reading.number)) }
                continue
            }
            if let number = received[reading.series]?[reading.value], number != reading.number {
                found.insert(.renumbered(reading.series, value: reading.value))
            }
            if reading.number < limit { found.insert(.late(number: reading.number)) }
            if gaps.contains(where: { $0.numbers.contains(reading.number) }) {
                found.insert(.givenUp(number: reading.number))
            }
            readings[reading.number] = reading
            received[reading.series, default: [:]][reading.value] = reading.number
            highest = max(highest, reading.number)
        }
        for gap in newGaps where gaps.insert(gap).inserted {
            if !explained.contains(gap.reason) { found.insert(.unexplained(gap)) }
        }
    }

    // MARK: - The verdict

    /// Values of a series that did not come.
    private struct Hole {
        var values: ClosedRange<Int>
        /// Their numbers lie between these.
        var above: Int64
        var below: Int64
        /// No later one came. What was not told to be stored need never have had a number.
        var isEnd = false
    }

    /// What must not be, in no order.
    ///
    /// - Parameter end: the device's last number; nil when it is not known. What comes behind the last number that arrived
    ///   is then not looked at.
    func violations(through end: Int64? = nil) -> Set<Violation> {
        var violations = found
        var lost: Int64 = 0
        for series in Set(received.keys).union(told.keys) {
            let numbers = received[series] ?? [:]
            let values = numbers.keys.sorted()
            let isDamaged = damagedRuns.contains(series.run)
            var reasons: Set<String> = []
            if doubtfulRuns.contains(series.run) { reasons.formUnion(["memory", "several"]) }
            // The end of a damaged log looks like a sudden one.
            if isDamaged { reasons.formUnion(["corrupt", "restart", "several"]) }

            var holes: [Hole] = []
            var before: (value: Int, number: Int64) = (-1, .min)
            for value in values {
                guard let number = numbers[value] else { continue }
                if number < before.number { violations.insert(.reordered(series, value: value)) }
                if value > before.value + 1 {
                    holes.append(
                        Hole(values: (before.value + 1)...(value - 1), above: before.number, below: number))
                }
                before = (value, max(number, before.number))
            }
            let promised = told[series] ?? []
            if let last = promised.map(\.upperBound).max(), last > before.value {
                holes.append(
                    Hole(values: (before.value + 1)...last, above: before.number, below: .max, isEnd: true))
            }
            for hole in holes {
                let stored = promised.filter { $0.overlaps(hole.values) }.map { $0.clamped(to: hole.values) }
                let count = Int64(hole.isEnd ? stored.reduce(0) { $0 + $1.count } : hole.values.count)
                if isDamaged { lost += count }
                let isCovered = covered(above: hole.above, below: hole.below, reasons) >= count
                if !isDamaged || hole.isEnd && !isCovered {
                    violations.formUnion(stored.map { .lost(series, values: $0) })
                }
                if !hole.isEnd, !isCovered { violations.insert(.missing(series, values: hole.values)) }
            }
        }
        if lost > flippedBits * Self.readingsPerBit { violations.insert(.notSalvaged(readings: lost)) }
        return violations.union(unaccounted(through: end).map { .unaccounted($0) })
    }

    /// How many numbers between two lie in gaps of some reasons.
    private func covered(above low: Int64, below high: Int64, _ reasons: Set<String>) -> Int64 {
        var count: Int64 = 0
        var end = low
        for gap in gaps.sorted(by: { $0.numbers.lowerBound < $1.numbers.lowerBound }) where reasons.contains(gap.reason)
        {
            let first = max(gap.numbers.lowerBound, end == .min ? .min : end + 1)
            let last = min(gap.numbers.upperBound, high - 1)
            if first <= last {
                count += last - first + 1
                end = last
            }
        }
        return count
    }

    private func unaccounted(through end: Int64?) -> [ClosedRange<Int64>] {
        let known = readings.keys.map { $0...$0 } + gaps.map(\.numbers)
        guard var last = known.map(\.lowerBound).min().map({ $0 - 1 }) else { return [] }
        var holes: [ClosedRange<Int64>] = []
        for range in known.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if range.lowerBound > last + 1 { holes.append((last + 1)...(range.lowerBound - 1)) }
            last = max(last, range.upperBound)
        }
        if let end, end > last { holes.append((last + 1)...end) }
        return holes
    }
}
