/// What the boot script does at a start, as a pure function: the executable model of Firmware/boot.cmd
/// (docs/boot-state.md). Tests explore it exhaustively and compare it with the script itself.
public struct BootSelection: Sendable, Equatable {
    /// What the script finds.
    public struct Situation: Sendable, Equatable {
        /// The blocks at ``BootState/copyOffsets``; empty where the card cannot be read.
        public var copies: [[UInt8]]
        /// What memory holds at the note's place; nil after a power cut.
        public var note: BootNote?
        /// What keeps a slot from being started: ``FailureReason/header``, ``FailureReason/root``,
        /// ``FailureReason/kernel``, ``FailureReason/initramfs``; ``FailureReason/start`` when all is there and U-Boot
        /// refuses to start it.
        public var faults: [Slot: FailureReason]
        /// Whether the card takes writes.
        public var isWritable: Bool

        public init(
            copies: [[UInt8]], note: BootNote? = nil, faults: [Slot: FailureReason] = [:], isWritable: Bool = true
        ) {
            self.copies = copies
            self.note = note
            self.faults = faults
            self.isWritable = isWritable
        }
    }

    /// A write of one copy of the state.
    public struct Write: Sendable, Equatable {
        /// Index into ``BootState/copyOffsets``.
        public var copy: Int
        public var state: BootState
    }

    /// How many starts of a slot that is not on trial may end in a row before `apus-init` runs, until the other slot has
    /// its turn: as many as failures of a trial. And if the other is bad: rather it than none.
    public static let patience = 3
    public static let patienceBeforeBad = 9

    /// In order. Two only where a slot on trial is counted and then refuses to start; both go to the same copy.
    public private(set) var writes: [Write] = []
    /// The slots in the order in which they were looked at.
    public private(set) var tried: [Slot] = []
    /// The slot that runs now; nil when none can be started: then the script starts over.
    public private(set) var started: Slot?
    /// Why ``started`` is not the slot that was to boot first: the kernel argument `apus.why`.
    public private(set) var why: BootState.Failure?
    /// What memory holds now.
    public private(set) var note: BootNote?

    /// The state as the script knows it: the one on the card and what has happened since.
    private var state: BootState
    private let older: Int
    private let isWritable: Bool
    /// Whether a trial has to be counted before it starts.
    private var isCounting = true
    /// The slot to boot if all is well, where none is on trial, and how many of its starts in a row ended before
    /// `apus-init` ran.
    private var preferred: Slot?
    private var deaths = 0

    public init(_ situation: Situation) {
        self.init(
            copies: situation.copies.map { try? BootState(decoding: $0) }, note: situation.note,
            faults: situation.faults, isWritable: situation.isWritable)
    }

    /// - Parameter copies: nil where one is not valid.
    init(copies: [BootState?], note: BootNote?, faults: [Slot: FailureReason], isWritable: Bool) {
        let chosen = BootState.choose(copies[0], copies[1])
        state = chosen?.state ?? .unknown
        older = chosen?.copy == 0 ? 1 : 0
        self.isWritable = isWritable
        self.note = note
        let order = order()
        // The first one again: a trial that could not be counted is better than nothing.
        for slot in order + [order[0]] {
            tried.append(slot)
            if start(slot, faults[slot]) { return }
        }
    }

    /// Judges the last start, and says which slot to look at first and which next.
    private mutating func order() -> [Slot] {
        let active = state.active
        guard let trial = state.trial else {
            let first = state.bad == active ? active.other : active
            if first != active { why = state.lastFailure }
            preferred = first
            if let note, note.slot == first, note.death == .start {
                deaths = min(Int(note.count) + 1, BootNote.maximumCount)
            }
            if deaths >= (state.bad == first.other ? Self.patienceBeforeBad : Self.patience) {
                why = BootState.Failure(of: first, .start)
                return [first.other, first]
            }
            return [first, first.other]
        }
        let death = note.flatMap { $0.slot == trial.slot ? $0.death : nil }
        let counted = trial.counted(death: death)
        state = state.with(counted)
        if death != nil ? counted.failuresLeft == 0 : counted.startsLeft == 0 {
            rollBack(death ?? .cold)
            return [active, active.other]
        }
        return [trial.slot, active]
    }

    /// Whether the slot runs.
    private mutating func start(_ slot: Slot, _ fault: FailureReason?) -> Bool {
        let isTrial = slot == state.trial?.slot
        let isLoaded = fault == nil || fault == .start
        // A trial that cannot be counted could be repeated for ever: only if the other slot cannot be started, too.
        if isLoaded, isTrial, isCounting, !store() {
            isCounting = false
            why = BootState.Failure(of: slot, .state)
            return false
        }
        if isLoaded {
            note = BootNote(slot: slot, stage: .started, count: slot == preferred ? UInt8(deaths) : 0)
        }
        guard let fault else {
            started = slot
            return true
        }
        why = BootState.Failure(of: slot, fault)
        if isTrial { rollBack(fault) }
        return false
    }

    private mutating func rollBack(_ reason: FailureReason) {
        guard let trial = state.trial else { return }
        state = BootState(
            sequence: state.sequence, active: state.active, trial: nil, bad: trial.slot,
            lastFailure: BootState.Failure(of: trial.slot, reason), otherVariables: [:])
        _ = store()
    }

    /// Whether the card took it.
    private mutating func store() -> Bool {
        guard isWritable,
            // Variables the script does not know are lost: U-Boot exports only those it is told.
            let next = try? state.next(
                active: state.active, trial: state.trial, bad: state.bad, lastFailure: state.lastFailure)
        else { return false }
        writes.append(Write(copy: older, state: next.withoutOtherVariables))
        return true
    }
}

extension BootNote {
    /// What ended the start that left this note, judged by how far it had come; nil when it ended in order.
    var death: FailureReason? {
        switch stage {
        case .started: .start
        case .running, .healthy: .reset
        case .appGaveUp: .app
        case .orderly: nil
        }
    }
}

extension BootState {
    /// What the script assumes when neither copy is valid.
    fileprivate static let unknown = BootState(
        sequence: 0, active: .a, trial: nil, bad: nil, lastFailure: nil, otherVariables: [:])

    fileprivate func with(_ trial: Trial) -> BootState {
        BootState(
            sequence: sequence, active: active, trial: trial, bad: bad, lastFailure: lastFailure,
            otherVariables: otherVariables)
    }

    fileprivate var withoutOtherVariables: BootState {
        BootState(
            sequence: sequence, active: active, trial: trial, bad: bad, lastFailure: lastFailure, otherVariables: [:])
    }
}

extension BootState.Trial {
    /// One failure less, or without a failure one start less.
    fileprivate func counted(death: FailureReason?) -> Self {
        let failures = death == nil ? failuresLeft : failuresLeft - min(1, failuresLeft)
        let starts = death == nil ? startsLeft - min(1, startsLeft) : startsLeft
        return Self(of: slot, failuresLeft: failures, startsLeft: starts) ?? self
    }
}
