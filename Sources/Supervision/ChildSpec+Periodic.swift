extension ChildSpec {
    /// A child that is a ``PeriodicActor``: it ticks on a ``TimerService`` until a tick throws, and has then failed, or
    /// until it is stopped, after which no tick begins.
    ///
    /// Every tick is a sign of life, so ``liveness`` is kept by ticking; set it well above the period.
    ///
    /// - Parameters:
    ///   - id: the name of the child, unique among its siblings and not empty.
    ///   - period: the time between ticks, at least ``TimerService/minimumPeriod``.
    ///   - timers: the service, which must be the actor's executor.
    ///   - phase: ticks are at the moments that are a whole number of periods away from `phase` on the service's clock,
    ///     also after a restart, the first at the next of those. nil: as ``TimerService/nextPhase(in:)`` says.
    ///   - restart: when the ended child is started again.
    ///   - shutdown: how long the child may take to end once it is cancelled: as long as a tick.
    ///   - backoff: the delays between restarts; nil restarts at once.
    ///   - isSignificant: whether the child's own end is the supervisor's, as its ``AutoShutdown`` says.
    ///   - startDeadline: how long `make` may take, more than zero; nil for as long as it wants.
    ///   - liveness: how long there may be no tick, more than zero; nil for ever.
    ///   - mailbox: the mailbox that the child reads, for those who watch the tree.
    ///   - make: makes the actor, anew for every start. It may do what does not wait for the first tick. The start fails
    ///     with what it throws, or with a ``TimerError``.
    public init<Child: PeriodicActor>(
        _ id: String, every period: Duration, on timers: TimerService, phase: Duration? = nil,
        restart: Restart = .permanent, shutdown: Shutdown = .within(.seconds(5)), backoff: Backoff? = nil,
        isSignificant: Bool = false, startDeadline: Duration? = .seconds(60), liveness: Duration? = nil,
        mailbox: (any MailboxMonitoring)? = nil, make: @escaping @Sendable () async throws -> Child
    ) {
        let phase = phase ?? timers.nextPhase(in: period)
        self.init(
            id, restart: restart, shutdown: shutdown, backoff: backoff, isSignificant: isSignificant,
            startDeadline: startDeadline, liveness: liveness, mailbox: mailbox
        ) {
            let child = try await make()
            try timers.check(child, every: period)
            return { try await timers.run(child, every: period, phase: phase) }
        }
    }
}
