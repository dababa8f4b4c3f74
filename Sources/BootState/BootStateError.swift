/// Why a block is not a boot state, or a boot state cannot be written.
public enum BootStateError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A block must have ``BootState/blockSize`` bytes.
    case wrongLength(Int)
    case wrongChecksum(stored: UInt32, computed: UInt32)
    /// The text has no end, or a variable has no name, no `=`, or is not UTF-8.
    case malformedText
    case duplicateVariable(String)
    case missingVariable(String)
    case invalidValue(variable: String, value: String)
    /// The variables need more than the 508 bytes there are.
    case tooLarge(bytes: Int)
    /// There is no sequence number left above the highest.
    case sequenceExhausted
    /// The running slot is not the confirmed one.
    case notConfirmed(running: Slot)
    /// This slot waits to be tried, or is being tried.
    case trialPending(Slot)
    /// The running or the confirmed slot would be overwritten or tried.
    case slotInUse(Slot)
    /// A trial of a slot whose update was not begun: nobody knows what it holds.
    case updateNotBegun(Slot)
    case notOnTrial(Slot)
    case noTrial
    /// There is nothing to go to.
    case otherSlotBad(Slot)
    /// The running slot is the active one, or on trial.
    case notFallback(Slot)

    public var description: String {
        switch self {
        case .wrongLength(let count): "boot state block of \(count) bytes instead of \(BootState.blockSize)"
        case .wrongChecksum(let stored, let computed):
            "boot state damaged: checksum \(String(stored, radix: 16)) stored, \(String(computed, radix: 16)) computed"
        case .malformedText: "boot state malformed"
        case .duplicateVariable(let name): "boot state names \(name) twice"
        case .missingVariable(let name): "boot state lacks \(name)"
        case .invalidValue(let variable, let value): "boot state has invalid \(variable)=\(value)"
        case .tooLarge(let bytes): "boot state needs \(bytes) bytes, more than the 508 of its block"
        case .sequenceExhausted: "boot state has reached the last sequence number; write the card anew"
        case .notConfirmed(let running):
            "the running slot \(running.rawValue) is not confirmed; wait until it is healthy, or run apus confirm"
        case .trialPending(let slot):
            "slot \(slot.rawValue) is on trial; reboot into it, or take it back with apus rollback"
        case .slotInUse(let slot): "slot \(slot.rawValue) is in use; only the other slot can be written or tried"
        case .updateNotBegun(let slot): "no update of slot \(slot.rawValue) was begun; install one first"
        case .notOnTrial(let slot): "slot \(slot.rawValue) is not on trial; there is nothing to confirm"
        case .noTrial: "no slot is on trial; there is nothing to take back"
        case .otherSlotBad(let slot):
            "slot \(slot.rawValue) holds no good system to go to; install an update instead"
        case .notFallback(let slot): "slot \(slot.rawValue) was not started in place of the confirmed one"
        }
    }
}
