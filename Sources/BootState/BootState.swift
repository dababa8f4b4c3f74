/// Which slot boots: the state that the boot script, `apus-init`, the updater and the image builder share
/// (docs/boot-state.md).
///
/// It lies outside any file system in two copies (``copyOffsets``), each one ``blockSize`` block. The newer valid copy
/// is in force (``choose(_:_:)``); a writer always overwrites the other one, so a write cut short by a power failure
/// leaves the state as it was before.
///
/// A block is a U-Boot environment, so that the boot script needs only `env import -c` and `env export -c`: the CRC-32
/// (little-endian) of bytes 4 to 511, then `name=value` texts, each ended by a zero byte, a further zero byte, and
/// zeros to the end.
///
/// | name      | value |
/// | --------- | ----- |
/// | `st_seq`  | ``sequence``, hexadecimal |
/// | `st_act`  | ``active``: `a` or `b` |
/// | `st_try`  | slot of the ``trial``, `-` when there is none |
/// | `st_left` | ``Trial/failuresLeft``, one hexadecimal digit, `0` when there is no trial |
/// | `st_cold` | ``Trial/startsLeft``, one hexadecimal digit, `0` when there is no trial |
/// | `st_bad`  | ``bad``: `a`, `b` or `-` |
/// | `st_why`  | ``lastFailure``: slot, colon, reason, such as `b:app`; `-` when there was none |
///
/// A state changes only by the functions of BootStateChanges.swift.
public struct BootState: Sendable, Hashable {
    /// A slot that boots instead of the active one until it is confirmed or rolled back.
    public struct Trial: Sendable, Hashable {
        /// The most a counter holds: one hexadecimal digit. The boot script compares counters as text, and one digit has
        /// only one spelling.
        public static let maximumCount: UInt8 = 15
        /// One failure may be chance, the third in a row hardly is.
        public static let failures: UInt8 = 3
        /// As many as the digit holds. Power cuts are no fault of the slot, but where neither note nor confirmation ever
        /// comes the trial has to end.
        public static let starts: UInt8 = maximumCount

        public let slot: Slot
        /// It is rolled back at the failure that takes this to 0.
        public let failuresLeft: UInt8
        /// Starts of which nobody knows how they ended: it is rolled back instead of the one that takes this to 0.
        public let startsLeft: UInt8

        /// Nil when a counter exceeds ``maximumCount``.
        public init?(of slot: Slot, failuresLeft: UInt8, startsLeft: UInt8) {
            guard failuresLeft <= Self.maximumCount, startsLeft <= Self.maximumCount else { return nil }
            self.slot = slot
            self.failuresLeft = failuresLeft
            self.startsLeft = startsLeft
        }

        /// A trial that begins.
        public init(of slot: Slot) {
            self.slot = slot
            failuresLeft = Self.failures
            startsLeft = Self.starts
        }
    }

    /// What became of a slot, and why.
    public struct Failure: Sendable, Hashable {
        public let slot: Slot
        public let reason: FailureReason

        public init(of slot: Slot, _ reason: FailureReason) {
            self.slot = slot
            self.reason = reason
        }
    }

    /// Bytes in a block: one sector, which SD cards write as a whole.
    public static let blockSize = UBootEnvironment.blockSize

    /// Offsets in bytes of copy 0 and copy 1 from the start of the card: sectors 64 and 128, in the gap between the
    /// partition table and the first partition, in different 4 KiB pages of the card and of the kernel's cache.
    public static let copyOffsets = [64 * 512, 128 * 512]

    /// The state of a new card, whose slot B is empty.
    public static let initial = BootState(
        sequence: 1, active: .a, trial: nil, bad: .b, lastFailure: nil, otherVariables: [:])

    /// Grows by one with every write; the higher one of two copies is the newer. At least 1: the boot script starts its
    /// comparison at 0.
    public let sequence: UInt32
    /// The confirmed slot.
    public let active: Slot
    /// Never of the active slot.
    public let trial: Trial?
    /// Must not be started while the other slot can be: it is empty or being written, was rolled back, or is damaged.
    public let bad: Slot?
    /// The last rollback or fallback. Kept until the next one.
    public let lastFailure: Failure?
    /// Variables this version does not know, kept by every change.
    ///
    /// A block with unknown variables is valid. If it were refused, an older system (started by a rollback, say) would
    /// fall back to the older copy and so undo what the newer system had decided; a variable it merely does not
    /// understand cannot do such harm.
    public let otherVariables: [String: String]

    /// The copy in force out of the two blocks read from ``copyOffsets``.
    ///
    /// As the boot script does it: the valid one with the higher sequence, copy 0 if they are equal, nil if neither is
    /// valid. The next state belongs into the other copy.
    public static func choose(_ copy0: [UInt8], _ copy1: [UInt8]) -> (state: BootState, copy: Int)? {
        choose(try? BootState(decoding: copy0), try? BootState(decoding: copy1))
    }

    static func choose(_ copy0: BootState?, _ copy1: BootState?) -> (state: BootState, copy: Int)? {
        switch (copy0, copy1) {
        case (let state0?, let state1?):
            state1.sequence > state0.sequence ? (state1, 1) : (state0, 0)
        case (let state0?, nil): (state0, 0)
        case (nil, let state1?): (state1, 1)
        case (nil, nil): nil
        }
    }
}
