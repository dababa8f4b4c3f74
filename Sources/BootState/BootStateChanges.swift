/// All changes of the state but those the boot script makes (``BootSelection``). Each returns the state to write, and
/// refuses when it does not apply.
extension BootState {
    /// An update is going to overwrite a slot: nothing may fall back to it from now on.
    ///
    /// - Parameter running: the slot this system runs from.
    /// - Throws: ``BootStateError/notConfirmed(running:)``, ``BootStateError/trialPending(_:)``.
    public func beginUpdate(of slot: Slot, running: Slot) throws(BootStateError) -> BootState {
        guard running == active else { throw .notConfirmed(running: running) }
        if let trial { throw .trialPending(trial.slot) }
        guard slot != running else { throw .slotInUse(slot) }
        return try next(active: active, trial: nil, bad: slot, lastFailure: lastFailure)
    }

    /// A slot is written, verified and flushed: it boots next, on trial.
    ///
    /// - Throws: ``BootStateError/updateNotBegun(_:)`` without ``beginUpdate(of:running:)`` before.
    public func startTrial(of slot: Slot) throws(BootStateError) -> BootState {
        if let trial { throw .trialPending(trial.slot) }
        guard slot != active else { throw .slotInUse(slot) }
        guard bad == slot else { throw .updateNotBegun(slot) }
        return try next(active: active, trial: Trial(of: slot), bad: nil, lastFailure: lastFailure)
    }

    /// The running slot, on trial, is healthy: it is the active one from now on.
    ///
    /// - Throws: ``BootStateError/notOnTrial(_:)``.
    public func confirm(running: Slot) throws(BootStateError) -> BootState {
        guard let trial, trial.slot == running else { throw .notOnTrial(running) }
        return try next(active: running, trial: nil, bad: nil, lastFailure: lastFailure)
    }

    /// The trial has failed: the active slot boots next.
    ///
    /// - Throws: ``BootStateError/noTrial``.
    public func rollBack(_ reason: FailureReason) throws(BootStateError) -> BootState {
        guard let trial else { throw .noTrial }
        return try next(
            active: active, trial: nil, bad: trial.slot, lastFailure: Failure(of: trial.slot, reason))
    }

    /// Back to the version before the confirmed one, which is tried like an update, and only kept if healthy.
    ///
    /// - Throws: ``BootStateError/trialPending(_:)``: then ``rollBack(_:)`` is the way back;
    ///   ``BootStateError/otherSlotBad(_:)``.
    public func revert() throws(BootStateError) -> BootState {
        if let trial { throw .trialPending(trial.slot) }
        guard bad != active.other else { throw .otherSlotBad(active.other) }
        return try next(active: active, trial: Trial(of: active.other), bad: nil, lastFailure: lastFailure)
    }

    /// The active slot could not be started, the running one could and is healthy: it is the active one from now on.
    ///
    /// - Parameter reason: why the boot script did not start the active slot.
    /// - Throws: ``BootStateError/notFallback(_:)`` when the running slot is active or on trial.
    public func adopt(running: Slot, _ reason: FailureReason) throws(BootStateError) -> BootState {
        guard running != active, trial == nil else { throw .notFallback(running) }
        return try next(active: running, trial: nil, bad: active, lastFailure: Failure(of: active, reason))
    }

    /// The running slot proves to be damaged: the other one boots next.
    ///
    /// - Throws: ``BootStateError/otherSlotBad(_:)`` when there is nothing better to boot.
    public func giveUp(running: Slot, _ reason: FailureReason) throws(BootStateError) -> BootState {
        if let trial, trial.slot == running { return try rollBack(reason) }
        guard bad != running.other else { throw .otherSlotBad(running.other) }
        return try next(active: active, trial: trial, bad: running, lastFailure: Failure(of: running, reason))
    }

    /// - Throws: ``BootStateError/sequenceExhausted`` after 4,294,967,294 writes.
    func next(
        active: Slot, trial: Trial?, bad: Slot?, lastFailure: Failure?
    ) throws(BootStateError) -> BootState {
        guard sequence < .max else { throw .sequenceExhausted }
        return BootState(
            sequence: sequence + 1, active: active, trial: trial, bad: bad, lastFailure: lastFailure,
            otherVariables: otherVariables)
    }
}
