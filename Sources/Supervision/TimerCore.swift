internal import Synchronization
internal import Threads

/// What a timer service and its thread share: the queue, the clock, the statistics. It holds neither.
final class TimerCore: Sendable {
    private struct State {
        var queue = TimerQueue()
        var ticks = 0
        var missed: Int64 = 0
        var worstLateness: Int64 = 0
        var longestTick: Int64 = 0
        /// How many phases were given away.
        var phases: UInt64 = 0
        /// The wake-up that stands in for the kernel's on a clock of its own.
        var alarm: (moment: Int64, wakeUp: WakeUp)?
        var wake: @Sendable () -> Void = {}
        /// By the actors' type.
        var tickCalls: [ObjectIdentifier: any Sendable] = [:]
    }

    /// The clock when it is not the kernel's.
    private let timeline: Timeline?
    /// The thread wakes at multiples of this, in nanoseconds.
    private let resolution: Int64
    private let state = Lock(State())
    /// The address of the series whose tick runs, 0 for none. Its own cache line at best: every tick writes it.
    private let ticking = Atomic(UInt(0))

    /// How many ticks ahead memory is prefetched. 4, 8 and 16 made no difference that could be measured: one tick takes
    /// 0.1 us and more, an access to memory 0.1 us.
    private static let ahead = 8

    init(_ clock: any Clock<Duration>, resolution: Duration) {
        timeline = clock is ContinuousClock ? nil : Timeline(clock)
        self.resolution = timeline == nil ? resolution.nanoseconds : 1
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
            var statistics = TimerStatistics()
            statistics.ticks = state.ticks
            statistics.missed = Int(state.missed)
            statistics.worstLateness = .nanoseconds(state.worstLateness)
            statistics.longestTick = .nanoseconds(state.longestTick)
            statistics.actors = state.queue.seriesCount
            statistics.pendingCalls = state.queue.callCount
            return statistics
        }
    }

    func insert(_ call: @escaping TimerQueue.Call, at moment: Int64) -> TimerQueue.ID {
        insert { $0.insert(call, at: moment) }
    }

    func insert(_ series: any TickSeries, every period: Int64, phase: Int64) -> TimerQueue.ID {
        let now = now
        return insert { $0.insert(series, every: period, phase: phase, now: now) }
    }

    private func insert(_ body: (inout TimerQueue) -> TimerQueue.ID) -> TimerQueue.ID {
        let (id, wake) = state.withLock { state in
            let before = wakeTime(state.queue)
            let id = body(&state.queue)
            return (id, wakeTime(state.queue) == before ? nil : state.wake)
        }
        wake?()
        return id
    }

    func remove(_ id: TimerQueue.ID) {
        // The closure's value, so that what was removed is released after the lock.
        _ = state.withLock { $0.queue.remove(id) }
    }

    /// Ends a series: now, or when its tick that runs has ended.
    func cancel(_ series: ActorTicks<some PeriodicActor>) {
        // The thread writes `ticking` and then reads that the series is over, this writes and reads the other way
        // round: one of them sees the other's.
        series.cancel { ticking.load(ordering: .sequentiallyConsistent) == address(of: series) }
    }

    /// Drops all that is still to come.
    func close() {
        let (_, alarm) = state.withLock { state in
            defer {
                state.queue = TimerQueue()
                state.alarm = nil
            }
            return (state.queue, state.alarm)
        }
        alarm?.wakeUp.cancel()
    }

    func tickCall<Subject: PeriodicActor>(for type: Subject.Type) -> TickCall<Subject> {
        state.withLock { state in
            if let present = state.tickCalls[ObjectIdentifier(type)] as? TickCall<Subject> { return present }
            let call = TickCall<Subject>()
            state.tickCalls[ObjectIdentifier(type)] = call
            return call
        }
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
    /// Makes one call, or the ticks of one moment, if any are due.
    /// - Returns: when there will be more, in nanoseconds of ``MonotonicClock``; nil when ``wake`` will tell.
    func turn() -> Int64? {
        let now = now
        let (due, first) = state.withLock { ($0.queue.takeDue(at: now), wakeTime($0.queue)) }
        switch due {
        case .call(let action): action()
        case .ticks(let moment): run(moment)
        case nil: break
        }
        if let timeline { return nextTurn(by: timeline) }
        return first
    }

    /// When the thread has to look at the queue; nil while there is nothing in it.
    private func wakeTime(_ queue: TimerQueue) -> Int64? {
        guard let first = queue.first, resolution > 1 else { return queue.first }
        let remainder = first % resolution
        return remainder > 0 ? first.addingClamped(resolution - remainder) : first
    }

    private func run(_ moment: TimerQueue.Moment) {
        var ticks = 0
        var missed: Int64 = 0
        var worst: Int64 = 0
        var longest: Int64 = 0
        var begin = now
        let members = moment.members
        for index in members.indices {
            if index + Self.ahead < members.count { members[index + Self.ahead].memory.prefetch() }
            let member = members[index]
            // Of the moments that passed together, those before the series began are not its own.
            guard moment.scheduled >= member.first else { continue }
            let ownMissed =
                moment.missed == 0 ? 0 : min(moment.missed, (moment.scheduled - member.first) / moment.period)
            let lateness = begin - moment.scheduled
            ticking.store(address(of: member.series), ordering: .sequentiallyConsistent)
            let isDone = member.series.tick(
                Tick(scheduled: moment.scheduled, lateness: lateness, missed: Int(ownMissed)), at: begin)
            ticking.store(0, ordering: .sequentiallyConsistent)
            member.series.settle()
            guard isDone else { continue }
            let end = now
            ticks += 1
            missed = missed.addingClamped(ownMissed)
            worst = max(worst, lateness + ownMissed * moment.period)
            longest = max(longest, end - begin)
            begin = end
        }
        state.withLock { state in
            state.ticks += ticks
            state.missed = state.missed.addingClamped(missed)
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

private func address(of series: some TickSeries) -> UInt {
    UInt(bitPattern: Unmanaged.passUnretained(series).toOpaque())
}
