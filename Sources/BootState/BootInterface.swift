/// What the boot partition's script and the slots have agreed upon: the slot header, the verity block, the arguments of the
/// kernel, the note (docs/boot-state.md).
///
/// The script is on the card for good, for no update writes the boot partition. So a bundle says which interface its slot
/// needs, and is refused where the card has an older one.
public enum BootInterface {
    /// The only one so far.
    public static let number = 1
}
