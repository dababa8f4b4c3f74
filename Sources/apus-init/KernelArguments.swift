internal import BootState

/// What the boot script says on the kernel's command line (docs/boot-state.md).
struct KernelArguments {
    /// The slot this system runs from; nil where no boot script started it.
    private(set) var slot: Slot?
    /// Why the boot script started this slot and not the one that was to boot.
    private(set) var why: BootState.Failure?
    /// Address of the note in physical memory.
    private(set) var note: Int?

    init(_ line: String) {
        for word in line.split(whereSeparator: \.isWhitespace) {
            guard let equals = word.firstIndex(of: "=") else { continue }
            let value = word[word.index(after: equals)...]
            switch word[..<equals] {
            case "apus.slot": slot = Slot(rawValue: String(value))
            case "apus.why": why = BootState.Failure(value)
            case "apus.note": note = value.hasPrefix("0x") ? Int(value.dropFirst(2), radix: 16) : nil
            default: break
            }
        }
    }
}
