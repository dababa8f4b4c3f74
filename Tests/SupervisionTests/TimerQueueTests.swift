import Testing

@testable import Supervision

struct TimerQueueTests {
    private final class Series: TickSeries {
        var memory: TickMemory { TickMemory(of: self, and: self) }
        func tick(_ tick: Tick, at begin: Int64) -> Bool { true }
        func settle() {}
    }

    /// The scheduled time and the missed moments of what is due, if it is a series' moment.
    private func moment(_ queue: inout TimerQueue, at now: Int64) -> [Int64]? {
        guard case .ticks(let moment) = queue.takeDue(at: now) else { return nil }
        return [moment.scheduled, moment.missed]
    }

    @Test func whatIsRemovedIsGoneAndTheRestComesInOrder() {
        var random = SplitMix(state: 7)
        var queue = TimerQueue()
        var expected: [TimerQueue.ID: Int64] = [:]
        var now: Int64 = 0
        for _ in 0..<20_000 {
            switch Int.random(in: 0..<4, using: &random) {
            case 0, 1:
                let moment = now + Int64.random(in: 1...1_000, using: &random)
                expected[queue.insert({}, at: moment)] = moment
            case 2:
                guard let id = expected.randomElement(using: &random)?.key else { continue }
                #expect(queue.remove(id) != nil)
                #expect(queue.remove(id) == nil)
                expected[id] = nil
            default:
                now += Int64.random(in: 0...20, using: &random)
                while let first = queue.first, first <= now {
                    #expect(first == expected.values.min())
                    #expect(queue.takeDue(at: now) != nil)
                    // Which of several with the same moment it was shows in what cannot be removed any more.
                    let gone = expected.filter { $0.value == first }.keys.filter { !queue.contains($0) }
                    #expect(gone.count == 1)
                    for id in gone { expected[id] = nil }
                }
            }
            #expect(queue.callCount == expected.count)
        }
        #expect(queue.first == expected.values.min())
    }

    @Test func nothingIsDueBeforeItsMoment() {
        var queue = TimerQueue()
        _ = queue.insert({}, at: 100)
        _ = queue.insert(Series(), every: 50, phase: 0, now: 60)
        #expect(queue.takeDue(at: 99) == nil)
        // A clock that went back.
        #expect(queue.takeDue(at: -1 << 60) == nil)
        #expect(queue.takeDue(at: 100) != nil)
        #expect(queue.takeDue(at: 100) != nil)
        #expect(queue.takeDue(at: 100) == nil)
    }

    @Test func aMillionTicksDoNotDrift() {
        var queue = TimerQueue()
        var random = SplitMix(state: 1)
        _ = queue.insert(Series(), every: 10_000_001, phase: 3, now: 0)
        for index in 0..<1_000_000 {
            let due = 3 + Int64(index) * 10_000_001
            #expect(queue.first == due)
            // Late by anything up to a period.
            #expect(moment(&queue, at: due + .random(in: 0..<10_000_001, using: &random)) == [due, 0])
        }
    }

    @Test func momentsThatHavePassedMakeOneTick() {
        var queue = TimerQueue()
        _ = queue.insert(Series(), every: 10, phase: 0, now: 0)
        #expect(moment(&queue, at: 10) == [10, 0])
        #expect(moment(&queue, at: 59) == [50, 3])
        #expect(moment(&queue, at: 59) == nil)
        #expect(moment(&queue, at: 60) == [60, 0])
        // A jump of the clock.
        #expect(moment(&queue, at: 1_000_000_000_003) == [1_000_000_000_000, 99_999_999_993])
        #expect(queue.first == 1_000_000_000_010)
    }

    @Test(arguments: [(0, 110), (5, 105), (-5, 105), (12, 102), (-12, 108), (100, 110), (1, 101)] as [(Int64, Int64)])
    func theFirstTickIsAtTheNextMomentOfThePhase(phase: Int64, first: Int64) {
        var queue = TimerQueue()
        _ = queue.insert(Series(), every: 10, phase: phase, now: 100)
        #expect(queue.first == first)
    }

    @Test func momentsBeyondTheRangeNeverCome() {
        var queue = TimerQueue()
        _ = queue.insert(Series(), every: .max, phase: .max, now: 5)
        _ = queue.insert(Series(), every: .max - 1, phase: .min, now: .max - 7)
        _ = queue.insert({}, at: .max)
        #expect(queue.takeDue(at: .max - 8) == nil)
        #expect(moment(&queue, at: .max) != nil)
        // After the last moment that 64 bits hold there is no other.
        #expect(queue.first == .max)
    }

    @Test func seriesWithTheSameMomentsAreOneEntry() {
        var queue = TimerQueue()
        let ids = (0..<5_000).map { _ in queue.insert(Series(), every: 10, phase: 0, now: 0) }
        guard case .ticks(let moment) = queue.takeDue(at: 10) else {
            Issue.record("all are due")
            return
        }
        #expect(moment.members.count == 5_000)
        #expect(queue.takeDue(at: 10) == nil)
        for id in ids.shuffled().dropFirst() { #expect(queue.remove(id) != nil) }
        #expect(queue.seriesCount == 1)
        guard case .ticks(let rest) = queue.takeDue(at: 20) else {
            Issue.record("one is left")
            return
        }
        #expect(rest.members.count == 1)
        for id in ids { _ = queue.remove(id) }
        #expect(queue.first == nil)
    }

    @Test func placesAreUsedAgain() {
        var queue = TimerQueue()
        let old = queue.insert({}, at: 5)
        #expect(queue.remove(old) != nil)
        let new = queue.insert({}, at: 6)
        #expect(queue.remove(old) == nil)
        #expect(queue.contains(new))
        for _ in 0..<100_000 { _ = queue.remove(queue.insert(Series(), every: 10, phase: 0, now: 0)) }
        #expect(queue.capacity < 10)
    }
}

/// Sebastiano Vigna's splitmix64, for tests that do the same every time.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
