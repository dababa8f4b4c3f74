internal import BootState
internal import Card

/// apus-init's part in the boot state machine (docs/boot-state.md): says in the note how far this start came, and writes
/// the state when the slot proves good or bad.
struct BootControl {
    /// What has become of the running slot, for the log.
    enum Verdict: Equatable {
        /// Nothing to decide.
        case none
        case confirmed
        case adopted
        /// Another slot boots next: reboot.
        case givenUp
        /// Another program is changing the boot state: ask again later.
        case postponed
    }

    /// In milliseconds, of waiting for another program that is changing the boot state: far above what a change takes, and
    /// so short that the watchdog is fed in time. After it PID 1 comes back later instead of writing all the same: the
    /// other one would overwrite its verdict, or have its own change overwritten.
    private static let patience = 1000

    let slot: Slot?
    private let why: BootState.Failure?
    private let note: (BootNote) -> Void
    private let store: BootStateStore?
    private var isHealthy = false

    /// - Parameters:
    ///   - card: nil where it cannot be opened.
    ///   - note: writes the note.
    init(_ arguments: KernelArguments, card: (any BlockDevice)?, note: @escaping (BootNote) -> Void) {
        slot = arguments.slot
        why = arguments.why
        self.note = note
        store = card.map { BootStateStore($0, patience: Self.patience) }
    }

    /// Whether the running slot is on trial. False also when the card cannot be read: then it is not for us to judge.
    var isTrial: Bool {
        guard let slot, let state = try? store?.read() else { return false }
        return state.trial?.slot == slot
    }

    func tell(_ stage: BootNote.Stage) {
        if let slot { note(BootNote(slot: slot, stage: stage)) }
    }

    /// The app reports itself healthy.
    mutating func healthy() throws(CardError) -> Verdict {
        guard !isHealthy, let slot, let store else { return .none }
        let verdict = try judgeHealthy(slot, store)
        guard verdict != .postponed else { return verdict }
        // Not before: a write that fails is tried again with the next report.
        isHealthy = true
        tell(.healthy)
        return verdict
    }

    private func judgeHealthy(_ slot: Slot, _ store: BootStateStore) throws(CardError) -> Verdict {
        let state = try store.read()
        if state?.trial?.slot == slot {
            return try change(store, .confirmed) { state throws(BootStateError) in try state.confirm(running: slot) }
        }
        let active = state?.active ?? BootState.initial.active
        if slot != active, state?.trial == nil {
            let reason = why.flatMap { $0.slot == active ? $0.reason : nil } ?? .start
            return try change(store, .adopted) { state throws(BootStateError) in
                try state.adopt(running: slot, reason)
            }
        }
        return .none
    }

    /// The running slot proves bad: takes it back if it is on trial.
    func rollBack(_ reason: FailureReason) throws(CardError) -> Verdict {
        guard isTrial, let store else { return .none }
        return try change(store, .givenUp) { state throws(BootStateError) in try state.rollBack(reason) }
    }

    /// The running slot is damaged.
    func giveUp(_ reason: FailureReason) throws(CardError) -> Verdict {
        guard let slot, let store else { return .none }
        return try change(store, .givenUp) { state throws(BootStateError) in
            try state.giveUp(running: slot, reason)
        }
    }

    private func change(
        _ store: BootStateStore, _ verdict: Verdict, _ body: (BootState) throws(BootStateError) -> BootState
    ) throws(CardError) -> Verdict {
        do throws(CardError) {
            try store.write(body)
            return verdict
        } catch .bootStateInUse {
            return .postponed
        }
    }
}
