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
        }
    }
}
