/// Which slot boots: the state that the boot script, the image builder and the updater share.
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
/// | `st_left` | ``Trial/triesLeft``, one hexadecimal digit, `0` when there is no trial |
public struct BootState: Sendable, Equatable {
    /// A slot that boots instead of the active one until it is confirmed or has no tries left.
    public struct Trial: Sendable, Equatable {
        /// The most tries a trial can have: what one hexadecimal digit holds. The boot script compares `st_left` as
        /// text, and one digit has only one spelling.
        public static let maximumTries: UInt8 = 15

        public let slot: Slot
        /// How many more boots of the slot the boot script will start, 0...``maximumTries``.
        public let triesLeft: UInt8

        /// Nil when `triesLeft` exceeds ``maximumTries``.
        public init?(of slot: Slot, triesLeft: UInt8) {
            guard triesLeft <= Self.maximumTries else { return nil }
            self.slot = slot
            self.triesLeft = triesLeft
        }
    }

    /// Bytes in a block: one sector, which SD cards write as a whole.
    public static let blockSize = UBootEnvironment.blockSize

    /// Offsets in bytes of copy 0 and copy 1 from the start of the card: sectors 64 and 128, in the gap between the
    /// partition table and the first partition, in different 4 KiB pages of the card and of the kernel's cache.
    public static let copyOffsets = [64 * 512, 128 * 512]

    /// The state of a card nobody has written to: what the boot script assumes when neither copy is valid.
    public static let initial = BootState(sequence: 1, active: .a, trial: nil, otherVariables: [:])

    /// Grows by one with every write; the higher one of two copies is the newer. At least 1: the boot script starts its
    /// comparison at 0.
    public let sequence: UInt32
    /// The last confirmed slot.
    public let active: Slot
    public let trial: Trial?
    /// Variables this version does not know, kept by ``next(active:trial:)``.
    ///
    /// A block with unknown variables is valid. If it were refused, an older system (started by a rollback, say) would
    /// fall back to the older copy and so undo what the newer system had decided; a variable it merely does not
    /// understand cannot do such harm.
    public let otherVariables: [String: String]

    /// The state that replaces this one.
    ///
    /// - Throws: ``BootStateError/sequenceExhausted`` after 4,294,967,294 writes.
    public func next(active: Slot, trial: Trial?) throws(BootStateError) -> BootState {
        guard sequence < .max else { throw .sequenceExhausted }
        return BootState(sequence: sequence + 1, active: active, trial: trial, otherVariables: otherVariables)
    }

    /// The copy in force out of the two blocks read from ``copyOffsets``.
    ///
    /// As the boot script does it: the valid one with the higher sequence, copy 0 if they are equal, nil if neither is
    /// valid. The next state belongs into the other copy.
    public static func choose(_ copy0: [UInt8], _ copy1: [UInt8]) -> (state: BootState, copy: Int)? {
        switch (try? BootState(decoding: copy0), try? BootState(decoding: copy1)) {
        case (let state0?, let state1?):
            state1.sequence > state0.sequence ? (state1, 1) : (state0, 0)
        case (let state0?, nil): (state0, 0)
        case (nil, let state1?): (state1, 1)
        case (nil, nil): nil
        }
    }
}
