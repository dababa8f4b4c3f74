/// What a device's app was told, what the receiver of its readings got, and whether the two fit together
/// (docs/outbox.md, "What is promised").
///
/// It is told everything in the order it happened, and asked for ``violations(through:)`` in the end. Where the order is not
/// known, as between a fault and what a console says beside it, it must err for the device.
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
        /// nil when that is not judged.
        var time: DeliveryClocks.Time?
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
    enum Event: Hashable, Sendable {
        /// PID 1 has started the app.
        case started
        /// The publisher has ended as it was told to: all that it had taken is delivered or on disk, if that works.
        case stopped
        /// The app or the device ended without notice, or may have.
        case suddenEnd
        /// Bits of the outbox's files are about to be flipped.
        case damaging
        /// So many bits of the files with readings were flipped, and perhaps some of the file of numbers, while no process
        /// of the app ran.
        case damage(bits: Int, ofNumbers: Bool = false)
        /// The app has told of damage.
        case damageTold
        /// The disk has no room from now on, or has some again.
        case diskFull
        case diskFreed
        /// The app says that the disk takes no readings, or takes them again.
        case diskFails
        case diskWorks
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
        /// Nothing that happened there explains it.
        case unexplained(Gap)
        /// Damage explains it, of which the console was told nothing.
        case unreported(Gap)
        /// The reading came, though it is one of the oldest, of which the device had said that they made room.
        case kept(number: Int64)
        /// So many more readings have made room in the file than gaps tell.
        case untold(readings: Int64)
        /// The device's clock cannot have shown the time of this reading, which is the first such one of its series.
        case impossibleTime(Series, value: Int)
        /// A reading before this one has a later time, though the clock was not set between. The first such one.
        case backInTime(Series, value: Int)
    }

    private struct Damage {
        /// Before and after it, as ``moment`` counts.
        var start: Int
        var end: Int
        /// Of the files with readings.
        var bits: Int64
        var ofNumbers: Bool
        /// The highest number that had arrived before.
        var highest: Int64
        /// The process that found it may have ended before it could tell, or while it searched: the next one that goes on
        /// with that does not know why.
        var isExcused: Bool
        /// Of processes, since.
        var starts = 0
    }

    /// A block of readings has up to 3,500 bytes, and a reading here seven at least, beside some two hundred bytes for the
    /// block itself (OutboxBlock.swift): tag, two of time, a float. A flipped bit costs one block.
    private static let readingsPerBit: Int64 = 500

    /// Numbers that can have been reserved or given when a process ended, behind the last one that arrived. For a hundred
    /// readings a second 45 seconds' worth is 4,500, and a burst quadruples that, more than once when it comes soon after the
    /// start (Outbox.swift, `pace`). No step is ever longer than this.
    private static let mostReserved: Int64 = 1 << 17

    /// Of readings that did not fit into memory while the disk took none.
    private static let memoryReasons: Set<String> = ["memory", "several"]
    /// Of readings that have made room in the file, which had been stored.
    private static let fullReasons: Set<String> = ["full"]
    /// Of readings in damaged files. The end of a damaged log looks like a sudden one.
    private static let damageReasons: Set<String> = ["corrupt", "restart", "several"]

    private let bounds: DeliveryBounds

    /// Whether the times of readings fit.
    var clocks = DeliveryClocks()

    /// Counts what this is told.
    private var moment = 0

    /// The numbers of the values that came.
    private var received: [Series: [Int: Int64]] = [:]
    private var readings: [Int64: Reading] = [:]
    /// With the moment each came first.
    private var gaps: [Gap: Int] = [:]
    private var highest = Int64.min
    private var told: [Series: [ClosedRange<Int>]] = [:]
    private var found: Set<Violation> = []

    /// When each process told of something for the first time. What was not heard of may have run at any time.
    private var firstTold: [Run: Int] = [:]
    /// The process that runs, once it has told of something.
    private var current: Run?
    /// The one before it, if that ended in order, and whether another was started since.
    private var ended: (run: Run, isFollowed: Bool)?
    /// By processes that ended in order: the next one.
    private var successors: [Run: Run] = [:]

    /// Those that ended without notice.
    private var cutOffRuns: Set<Run> = []
    private var hasEndedSuddenly = false

    private var isDiskFull = false
    private var isDiskInDoubt = false
    /// By the app's own word.
    private var isDiskFailing = false
    private var firstDoubt: Int?
    /// Runs that had readings in memory for longer than the window, because the disk was full.
    private var doubtfulRuns: Set<Run> = []

    private var damages: [Damage] = []
    /// Of the one under way.
    private var damaging: (moment: Int, highest: Int64)?
    private var lastReport = Int.min

    /// Numbers of readings that made room, or were delivered before that.
    private var droppedRanges: [ClosedRange<Int64>] = []
    /// When all was delivered that had been given a number, and the number that came next.
    private var deliveries: [(moment: Int, next: Int64)] = []

    /// - Parameter bounds: what the device's outbox may hold.
    init(bounds: DeliveryBounds = DeliveryBounds()) {
        self.bounds = bounds
    }

    /// Readings received, each counted once.
    var count: Int { readings.count }

    /// Those of the gaps that came.
    var reasons: Set<String> { Set(gaps.keys.map(\.reason)) }

    /// Readings that were told to be stored.
    var toldCount: Int { told.values.joined().reduce(0) { $0 + $1.count } }

    mutating func happened(_ event: Event) {
        moment += 1
        switch event {
        case .started:
            // One that told of nothing may have run between.
            if ended?.isFollowed == true { ended = nil } else { ended?.isFollowed = true }
            for index in damages.indices { damages[index].starts += 1 }
            (current, isDiskFailing) = (nil, false)
        case .stopped:
            if let current, !isDiskInDoubt, !isDiskFailing { ended = (current, false) }
            current = nil
        case .suddenEnd:
            if let current { cutOffRuns.insert(current) }
            hasEndedSuddenly = true
            (current, ended) = (nil, nil)
            excuseDamages()
        case .damaging: damaging = (moment, highest)
        case .damage(let bits, let ofNumbers):
            (current, ended) = (nil, nil)
            let before = damaging ?? (moment, highest)
            damages.append(
                Damage(
                    start: before.moment, end: moment, bits: Int64(bits), ofNumbers: ofNumbers,
                    highest: before.highest, isExcused: isDiskInDoubt || isDiskFailing))
            damaging = nil
        case .damageTold: lastReport = moment
        case .diskFull:
            (isDiskFull, isDiskInDoubt) = (true, true)
            firstDoubt = firstDoubt ?? moment
            excuseDamages()
        case .diskFreed: isDiskFull = false
        case .diskFails:
            isDiskFailing = true
            firstDoubt = firstDoubt ?? moment
            if let current { doubtfulRuns.insert(current) }
            excuseDamages()
        case .diskWorks: isDiskFailing = false
        case .restart: isDiskInDoubt = isDiskFull
        }
    }

    private mutating func excuseDamages() {
        for index in damages.indices { damages[index].isExcused = true }
    }

    mutating func tell(_ new: Told) {
        moment += 1
        let run = new.series.run
        if firstTold[run] == nil { firstTold[run] = moment }
        if let ended, ended.run != run {
            successors[ended.run] = run
            self.ended = nil
        }
        current = run
        if isDiskInDoubt || isDiskFailing { doubtfulRuns.insert(run) }
        if new.promise == .aged, doubtfulRuns.contains(run) { return }
        var ranges = told[new.series] ?? []
        if let last = ranges.last, last.lowerBound == new.values.lowerBound { ranges.removeLast() }
        told[new.series] = ranges + [new.values]
    }

    /// One message.
    mutating func receive(_ new: [Reading], gaps newGaps: [Gap]) {
        moment += 1
        let limit = highest
        for reading in new {
            if let known = readings[reading.number] {
                // A second copy may have another time: one that was not known before.
                if known.series != reading.series || known.value != reading.value {
                    found.insert(.reused(number: reading.number))
                }
                continue
            }
            if let number = received[reading.series]?[reading.value], number != reading.number {
                found.insert(.renumbered(reading.series, value: reading.value))
            }
            if reading.number < limit { found.insert(.late(number: reading.number)) }
            if droppedRanges.contains(where: { $0.contains(reading.number) }) {
                found.insert(.kept(number: reading.number))
            }
            if gaps.keys.contains(where: { $0.numbers.contains(reading.number) }) {
                found.insert(.givenUp(number: reading.number))
            }
            readings[reading.number] = reading
            received[reading.series, default: [:]][reading.value] = reading.number
            highest = max(highest, reading.number)
        }
        for gap in newGaps where gaps[gap] == nil { gaps[gap] = moment }
    }

    /// The device has said, while nothing could reach the broker, that the oldest have made room in the file. Whatever
    /// reached the broker before is received.
    ///
    /// - Parameters:
    ///   - count: at least so many readings.
    ///   - number: all up to this one are acknowledged.
    mutating func madeRoom(_ count: Int64, behind number: Int64) {
        moment += 1
        if count > 0 { droppedRanges.append((number + 1)...(number + count)) }
    }

    /// All numbers below this one that the device has given are delivered, and it has given no other.
    mutating func delivered(below next: Int64) {
        moment += 1
        deliveries.append((moment, next))
    }

    // MARK: - The verdict

    /// What must not be, in no order.
    ///
    /// - Parameter end: the device's last number; nil when it is not known. What comes behind the last number that arrived
    ///   is then not looked at.
    func violations(through end: Int64? = nil) -> Set<Violation> {
        var violations = found
        let costly = damages.filter { $0.bits > 0 }
        let fullReasons: Set<String> = bounds.bytes == nil ? [] : Self.fullReasons
        var losses: [Loss] = []
        // Readings that made room in the file, as nothing else explains them.
        var dropped: Int64 = 0
        for series in Set(received.keys).union(told.keys) {
            let memoryReasons: Set<String> = doubtfulRuns.contains(series.run) ? Self.memoryReasons : []
            let promised = told[series] ?? []
            for hole in holes(of: series, &violations) {
                let stored = promised.filter { $0.overlaps(hole.values) }.map { $0.clamped(to: hole.values) }
                let storedCount = stored.reduce(0) { $0 + Int64($1.count) }
                let count = hole.isEnd ? storedCount : Int64(hole.values.count)
                let causes = causes(of: hole, in: series.run, costly)
                var others = memoryReasons
                // What is missing in a commit that was cut off (OutboxLog.swift).
                let cut = gaps.keys.filter { gap in
                    gap.reason == "restart" && gap.numbers.upperBound > hole.above
                        && gap.numbers.lowerBound < hole.below
                }.map(\.numbers.lowerBound).min()
                if !hole.isEnd, stored.isEmpty, let cut, isCutOff(series.run, from: max(cut, hole.above + 1)) {
                    others.insert("restart")
                }
                var reasons = fullReasons.union(others)
                if let causes {
                    losses.append(Loss(causes: causes, count: max(0, count - covered(hole, reasons))))
                    reasons.formUnion(Self.damageReasons)
                }
                let isCovered = covered(hole, reasons) >= count
                // Without damage what was stored can only have made room in the file.
                let isLost = causes == nil ? covered(hole, fullReasons) < storedCount : hole.isEnd && !isCovered
                if isLost { violations.formUnion(stored.map { .lost(series, values: $0) }) }
                if !hole.isEnd, !isCovered { violations.insert(.missing(series, values: hole.values)) }
                if causes == nil, isCovered, !isLost {
                    dropped += max(storedCount, count - covered(hole, others))
                }
            }
            checkTimes(of: series, &violations)
        }
        if let lost = Self.excess(losses, bits: costly.map(\.bits)) { violations.insert(.notSalvaged(readings: lost)) }
        if dropped > toldDropped { violations.insert(.untold(readings: dropped - toldDropped)) }
        let numbers = readings.keys.sorted()
        violations.formUnion(gaps.compactMap { objection(to: $0.key, $0.value, numbers) })
        return violations.union(unaccounted(through: end).map { .unaccounted($0) })
    }

    /// Values of a series that did not come.
    private struct Hole {
        var values: ClosedRange<Int>
        /// Their numbers lie between these.
        var above: Int64
        var below: Int64
        /// No later one came. What was not told to be stored need never have had a number.
        var isEnd = false
    }

    /// Those of a series, in their order. Numbers against the order of the values are a violation.
    private func holes(of series: Series, _ violations: inout Set<Violation>) -> [Hole] {
        let numbers = received[series] ?? [:]
        var holes: [Hole] = []
        var before: (value: Int, number: Int64) = (-1, .min)
        for value in numbers.keys.sorted() {
            guard let number = numbers[value] else { continue }
            if number < before.number { violations.insert(.reordered(series, value: value)) }
            if value > before.value + 1 {
                holes.append(Hole(values: (before.value + 1)...(value - 1), above: before.number, below: number))
            }
            before = (value, max(number, before.number))
        }
        if let last = told[series]?.map(\.upperBound).max(), last > before.value {
            holes.append(Hole(values: (before.value + 1)...last, above: before.number, below: .max, isEnd: true))
        }
        return holes
    }

    private func checkTimes(of series: Series, _ violations: inout Set<Violation>) {
        let times = (received[series] ?? [:]).sorted { $0.key < $1.key }
            .compactMap { value, number in readings[number]?.time.map { (value: value, time: $0) } }
        let flaws = clocks.flaws(times, in: series.boot)
        if let value = flaws.impossible { violations.insert(.impossibleTime(series, value: value)) }
        if let value = flaws.backwards { violations.insert(.backInTime(series, value: value)) }
    }

    /// How many numbers of a hole may lie in gaps of some reasons.
    private func covered(_ hole: Hole, _ reasons: Set<String>) -> Int64 {
        covered(above: hole.above, below: hole.below) { reasons.contains($0) }
    }

    /// How many numbers between two lie in gaps of some reasons.
    private func covered(above: Int64, below: Int64, _ isWanted: (String) -> Bool) -> Int64 {
        var count: Int64 = 0
        var end = above
        let some = gaps.keys.filter { isWanted($0.reason) }
        for gap in some.sorted(by: { $0.numbers.lowerBound < $1.numbers.lowerBound }) {
            let first = max(gap.numbers.lowerBound, end == .min ? .min : end + 1)
            let last = min(gap.numbers.upperBound, below - 1)
            if first <= last {
                count += last - first + 1
                end = last
            }
        }
        return count
    }

    private func unaccounted(through end: Int64?) -> [ClosedRange<Int64>] {
        let known = readings.keys.map { $0...$0 } + gaps.keys.map(\.numbers)
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

// MARK: - Bounds

extension DeliveryJudgement {
    /// Readings that have made room in the file, as gaps tell.
    private var toldDropped: Int64 {
        let full = gaps.keys.filter { Self.fullReasons.contains($0.reason) }
        // Some arrived before, and were not acknowledged.
        let arrived = readings.keys.count { number in full.contains { $0.numbers.contains(number) } }
        return covered(above: .min, below: .max) { Self.fullReasons.contains($0) } - Int64(arrived)
    }

    /// How many readings may have waited behind those of a gap when they made room: what came, and what has itself been
    /// given up since.
    ///
    /// - Parameters:
    ///   - came: the moment the gap arrived first. What was given a number after all was delivered did not wait then.
    ///   - numbers: of all readings, sorted.
    ///   - isWanted: the reasons for which those can have been given up.
    private func waiting(behind gap: Gap, _ came: Int, _ numbers: [Int64], _ isWanted: (String) -> Bool) -> Int64 {
        let next = deliveries.first { $0.moment > came }?.next ?? .max
        let last = gap.numbers.upperBound
        let count = Self.count(numbers, through: next - 1) - Self.count(numbers, through: last)
        return Int64(count) + covered(above: last, below: next, isWanted)
    }

    /// Whether the file can have been full when the readings of a gap made room.
    private func isFull(_ gap: Gap, _ came: Int, _ numbers: [Int64]) -> Bool {
        guard let least = bounds.leastInFile else { return false }
        return waiting(behind: gap, came, numbers) { reason in
            // Nothing but damage takes more from the file.
            reason == "full" || reason == "several" || !damages.isEmpty && Self.damageReasons.contains(reason)
        } >= least
    }

    /// Whether the memory can have been full when the readings of a gap made room.
    private func isMemoryFull(_ gap: Gap, _ came: Int, _ numbers: [Int64]) -> Bool {
        guard let least = bounds.leastInMemory else { return true }
        return waiting(behind: gap, came, numbers) { _ in true } >= least
    }
}

// MARK: - Flipped bits

extension DeliveryJudgement {
    /// Readings that only damage can have cost.
    private struct Loss {
        /// Which of the damages.
        var causes: ClosedRange<Int>
        var count: Int64
    }

    /// Which damages can have cost the readings of a hole: their process had begun before, and what lies behind them had not
    /// yet arrived. nil when none can.
    private func causes(of hole: Hole, in run: Run, _ damages: [Damage]) -> ClosedRange<Int>? {
        // Without holes: later ones are behind the process's beginning, earlier ones before the arrival.
        let all = damages.indices.filter { !isAfter(run, damages[$0]) && hole.below > damages[$0].highest }
        guard let first = all.first, let last = all.last else { return nil }
        return first...last
    }

    /// Whether a process is known to have begun after a damage.
    private func isAfter(_ run: Run, _ damage: Damage) -> Bool { firstTold[run].map { $0 > damage.end } ?? false }

    /// Whether a process is known to have begun before a damage.
    private func isBefore(_ run: Run, _ damage: Damage) -> Bool { firstTold[run].map { $0 < damage.end } ?? false }

    /// The readings lost in some damages that follow each other, if these cannot have cost so many, each bit one block; the
    /// most of any such. nil when all can be.
    private static func excess(_ losses: [Loss], bits: [Int64]) -> Int64? {
        var most: Int64?
        for first in bits.indices {
            for last in first..<bits.endIndex {
                let lost = losses.filter { first <= $0.causes.lowerBound && $0.causes.upperBound <= last }
                    .reduce(0) { $0 + $1.count }
                if lost > bits[first...last].reduce(0, +) * readingsPerBit { most = max(most ?? 0, lost) }
            }
        }
        return most
    }
}

// MARK: - Gaps

extension DeliveryJudgement {
    /// What is wrong with a gap: that nothing explains it where it lies, or that nothing was told of it.
    ///
    /// - Parameters:
    ///   - came: the moment it arrived first.
    ///   - numbers: of all readings, sorted.
    private func objection(to gap: Gap, _ came: Int, _ numbers: [Int64]) -> Violation? {
        let (first, last) = (gap.numbers.lowerBound, gap.numbers.upperBound)
        let before = Self.count(numbers, through: first - 1)
        // What arrived of the gap's own numbers was sent before it, and not all acknowledged.
        let through = Self.count(numbers, through: last)
        let next = through < numbers.count ? readings[numbers[through]] : nil
        switch gap.reason {
        case "restart":
            guard through > 0, let latest = readings[numbers[through - 1]], let next else { return nil }
            return isStart(latest, next, from: first, unknown: last - max(latest.number, first - 1))
                ? nil : .unexplained(gap)
        case "corrupt":
            return objection(toDamage: gap, came, before > 0 ? readings[numbers[before - 1]] : nil, next)
        case "memory", "several":
            // Only in a process that had nowhere else to put them.
            let isDisk = firstDoubt.map { $0 < came } ?? false
            let isDamage = gap.reason == "several" && damages.contains { $0.start < came }
            let run = before > 0 ? readings[numbers[before - 1]]?.series.run : nil
            let isInGoodOne = run != nil && run == next?.series.run && run.map(doubtfulRuns.contains) == false
            if gap.reason == "memory", !isMemoryFull(gap, came, numbers) { return .unexplained(gap) }
            return isDamage || isDisk && !isInGoodOne ? nil : .unexplained(gap)
        case "full": return isFull(gap, came, numbers) ? nil : .unexplained(gap)
        case "mailbox":
            // What found no room until the orderly end of its process.
            let run = before > 0 ? readings[numbers[before - 1]]?.series.run : nil
            return run == nil || run != next?.series.run ? nil : .unexplained(gap)
        default: return .unexplained(gap)
        }
    }

    /// Whether one process may have ended suddenly between two readings, which follow each other, and the other begun.
    ///
    /// - Parameters:
    ///   - first: of a gap between them.
    ///   - unknown: numbers of which only that tells.
    private func isStart(_ latest: Reading, _ next: Reading, from first: Int64, unknown: Int64) -> Bool {
        let (old, new) = (latest.series.run, next.series.run)
        // On a failing disk a process may have to go on far from the numbers it had, and find its files only later.
        if doubtfulRuns.contains(old) || doubtfulRuns.contains(new) { return true }
        if old == new { return isCutOff(old, from: first) || damages.contains { !isAfter(old, $0) } }
        if successors[old] == new { return false }
        // What is left of a damaged file of numbers may be the older half, and is not whole again at once.
        return unknown <= Self.mostReserved || damages.contains { $0.ofNumbers && !isBefore(new, $0) }
    }

    /// Whether a process ended suddenly, and nothing that it read from a number on was told to be stored: all that may be
    /// of a commit that was not over.
    private func isCutOff(_ run: Run, from number: Int64) -> Bool {
        // One that told of nothing is not known to have ended.
        guard cutOffRuns.contains(run) || firstTold[run] == nil && hasEndedSuddenly else { return false }
        return !told.contains { series, promised in
            guard series.run == run, let last = promised.map(\.upperBound).max() else { return false }
            return (received[series] ?? [:]).contains { value, place in value <= last && place >= number }
        }
    }

    /// - Parameters:
    ///   - previous: the reading before the gap.
    ///   - next: the one behind it.
    private func objection(
        toDamage gap: Gap, _ came: Int, _ previous: Reading?, _ next: Reading?
    ) -> Violation? {
        let causes = damages.filter { damage in
            guard damage.start < came, damage.bits > 0 || damage.ofNumbers else { return false }
            guard let previous, let next else { return true }
            // Not what was written later.
            return !isAfter(previous.series.run, damage) || !isAfter(next.series.run, damage)
        }
        if causes.isEmpty { return .unexplained(gap) }
        let isKnown = causes.contains { $0.isExcused || $0.starts > 1 || lastReport > $0.start }
        return isKnown ? nil : .unreported(gap)
    }

    /// How many of some sorted numbers are not above one.
    private static func count(_ numbers: [Int64], through number: Int64) -> Int {
        var (low, high) = (0, numbers.count)
        while low < high {
            let middle = (low + high) / 2
            if numbers[middle] <= number { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
