internal import Synchronization
internal import Threads

/// What a timer service and its thread share: the queue, the clock, the statistics. It holds neither.
final class TimerCore: Sendable {
    /// Ticks that are taken from the queue together: enough to make the lock's cost vanish, few enough that jobs of the
    /// actors never wait for more than these.
    private static let batch = 64

    private struct State {
        var queue = TimerQueue()
        var statistics = TimerStatistics()
        var worstLateness: Int64 = 0
        var longestTick: Int64 = 0
        /// How many phases were given away.
        var phases: UInt64 = 0
        /// The wake-up that stands in for the kernel's on a clock of its own.
        var alarm: (moment: Int64, wakeUp: WakeUp)?
        var wake: @Sendable () -> Void = {}
    }

    /// The clock when it is not the kernel's.
    private let timeline: Timeline?
    private let state = Mutex(State())

    init(_ clock: any Clock<Duration>) {
        timeline = clock is ContinuousClock ? nil : Timeline(clock)
    }

    func setWaker(_ wake: @escaping @Sendable () -> Void) {
        state.withLock { $0.wake = wake }
    }

    /// Nanoseconds.
    var now: Int64 { timeline?.now.nanoseconds ?? MonotonicClock.now }
}

// MARK: - From any thread

extension TimerCore {
    var statistics: TimerStatistics {
        state.withLock { state in
            var statistics = state.statistics
            statistics.worstLateness = .nanoseconds(state.worstLateness)
            statistics.longestTick = .nanoseconds(state.longestTick)
            statistics.actors = state.queue.seriesCount
            statistics.pendingCalls = state.queue.count - state.queue.seriesCount
            return statistics
        }
    }

    func insert(_ entry: TimerQueue.Entry, at moment: Int64) -> TimerQueue.ID {
        let (id, wake) = state.withLock { state in
            let isFirst = state.queue.first.map { moment < $0 } ?? true
            return (state.queue.insert(entry, at: moment), isFirst ? state.wake : nil)
        }
        wake?()
        return id
    }

    /// Starts a series at its first moment that is still to come.
    func insert(_ series: any TickSeries, every period: Int64, phase: Int64) -> TimerQueue.ID {
        let now = now
        // Both remainders are within a period of zero, so their difference is in range.
        let distance = (phase % period - now % period) % period
        let first = now.addingClamped(distance > 0 ? distance : distance + period)
        return insert(.series(series, period: period), at: first)
    }

    func remove(_ id: TimerQueue.ID) {
        // Released here and not under the lock: what it holds may do anything in its deinit.
        _ = state.withLock { $0.queue.remove(id) }
    }

    /// A number from 0 to less than `count`, each time another.
    func nextShare(of count: Int) -> Int {
        let number = state.withLock { state in
            state.phases &+= 1
            return state.phases
        }
        // Multiples of the golden ratio, as a fraction of 2^64, are spread evenly however many there are (Knuth, The
        // Art of Computer Programming, volume 3, section 6.4, theorem S).
        let fraction = number &* 0x9E37_79B9_7F4A_7C15
        return Int(fraction.multipliedFullWidth(by: UInt64(max(count, 1))).high)
    }
}

// MARK: - On the service's thread

extension TimerCore {
    /// Does some of what is due.
    /// - Returns: when there will be more, in nanoseconds of ``MonotonicClock``; nil when ``wake`` will tell.
    func turn() -> Int64? {
        var ticks: [TimerQueue.DueTick] = []
        ticks.reserveCapacity(Self.batch)
        let due = state.withLock { $0.queue.takeDue(at: now, upTo: Self.batch, into: &ticks) }
        switch due {
        case .call(let action): action()
        case .ticks: run(ticks)
        case .nothing: break
        }
        if let timeline { return nextTurn(by: timeline) }
        return state.withLock { $0.queue.first }
    }

    private func run(_ ticks: [TimerQueue.DueTick]) {
        var worst: Int64 = 0
        var longest: Int64 = 0
        var missed = 0
        var begin = now
        for due in ticks {
            let lateness = begin - due.scheduled
            due.series.tick(Tick(scheduled: due.scheduled, lateness: lateness, missed: due.missed), at: begin)
            missed += due.missed
            worst = max(worst, lateness + Int64(due.missed) * due.period)
            let end = now
            longest = max(longest, end - begin)
            begin = end
        }
        state.withLock { state in
            state.statistics.ticks += ticks.count
            state.statistics.missed += missed
            state.worstLateness = max(state.worstLateness, worst)
            state.longestTick = max(state.longestTick, longest)
        }
    }

    /// The kernel waits by its own clock only, so a task that sleeps on the other one wakes the thread.
    private func nextTurn(by timeline: Timeline) -> Int64? {
        let now = now
        let (first, stale, wake) = state.withLock { state in
            let first = state.queue.first
            guard first != state.alarm?.moment else { return (first, nil as WakeUp?, nil as (@Sendable () -> Void)?) }
            defer { state.alarm = nil }
            return (first, state.alarm?.wakeUp, state.wake)
        }
        stale?.cancel()
        guard let first else { return nil }
        // In the past by any clock: at once.
        if first <= now { return 0 }
        if let wake {
            let wakeUp = timeline.wake(at: .nanoseconds(first), wake)
            state.withLock { $0.alarm = (first, wakeUp) }
        }
        return nil
    }
}
