/// Asks for a factory reset: while it stands on the card, the next start makes the data partition anew.
///
/// One sector, so that it is there or not, whatever happens to the power (docs/card-layout.md).
public enum ResetMark {
    /// In bytes from the start of the card: sector 192, in a page of its own, away from the boot state.
    public static let offset = 192 * 512
    public static let blockSize = UBootEnvironment.blockSize

    private static let variables = ["rs_data": "reset"]

    public static func encoded() throws(BootStateError) -> [UInt8] { try UBootEnvironment.encode(variables) }

    /// - Parameter block: ``blockSize`` bytes from an untrusted card.
    public static func isSet(_ block: [UInt8]) -> Bool { (try? UBootEnvironment.decode(block)) == variables }
}
