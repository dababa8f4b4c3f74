internal import Synchronization
internal import Threads

/// What a child's code can know of its place in the tree. Bound to the child's task, so nobody has to hand it around.
final class ChildContext: Sendable {
    /// Of the child whose task this is, or whose task created this one. nil outside of every supervisor.
    @TaskLocal static var current: ChildContext?

    private let supervisor: ObjectIdentifier
    private let parent: ChildContext?
    private let timeline: Timeline
    /// Nanoseconds on the timeline.
    private let checkedIn: Atomic<Int64>
    private let starting = Atomic(false)
    private let pulse = Lock<(@Sendable () -> Duration)?>(nil)

    /// In a cell: tells the supervisor of a check-in.
    private let relay: CheckInRelay?

    init(under supervisor: Supervisor, on timeline: Timeline, parent: ChildContext?) {
        self.supervisor = ObjectIdentifier(supervisor)
        self.parent = parent
        self.timeline = timeline
        relay = nil
        checkedIn = Atomic(timeline.now.nanoseconds)
    }

    /// Of a child that runs in a cell, where its supervisor does not run.
    init(under supervisor: Supervisor, relay: CheckInRelay?) {
        self.supervisor = ObjectIdentifier(supervisor)
        parent = nil
        timeline = Timeline(ContinuousClock())
        self.relay = relay
        checkedIn = Atomic(timeline.now.nanoseconds)
    }

    /// Notes that the child is alive. One clock reading and one store: cheap enough for every round of a loop.
    func checkIn() {
        let now = timeline.now
        checkedIn.store(now.nanoseconds, ordering: .relaxed)
        relay?.checkIn(at: now)
    }

    /// For a child whose life shows elsewhere: that is asked when somebody wants to know, and not told all the time.
    /// - Parameter pulse: how long ago the last sign was; nil for a child that checks in.
    func setPulse(_ pulse: (@Sendable () -> Duration)?) {
        self.pulse.withLock { $0 = pulse }
    }

    /// On the supervisor's timeline.
    var lastCheckIn: Duration {
        let own = Duration.nanoseconds(checkedIn.load(ordering: .relaxed))
        guard let age = pulse.withLock({ $0 })?() else { return own }
        return max(own, timeline.now - age)
    }

    /// Whether the child is in its start function; set by its supervisor.
    var isStarting: Bool {
        get { starting.load(ordering: .relaxed) }
        set { starting.store(newValue, ordering: .relaxed) }
    }

    /// Whether `other` waits for this child's start function, or for the start of the supervisor that waits for it, and
    /// so on: a call to `other` that has to wait its turn would then wait for its own caller.
    func isAwaited(by other: Supervisor) -> Bool {
        var context: ChildContext? = self
        // Nobody waits for a body, also while those around it still start.
        while let child = context, child.isStarting {
            if child.supervisor == ObjectIdentifier(other) { return true }
            context = child.parent
        }
        return false
    }
}

extension Duration {
    /// The whole nanoseconds, limited to what 64 bits hold: 292 years.
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, isTooLarge) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
        return isTooLarge ? (seconds < 0 ? .min : .max) : sum
    }
}
