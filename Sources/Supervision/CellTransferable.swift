/// What can cross from a cell to the mailbox it was sent to; see ``CellOutlet``.
///
/// Both sides are the same program, so the bytes need no version. They may be anything all the same: what a cell sends
/// after a memory fault is not to be believed.
public protocol CellTransferable: Sendable {
    /// At most ``CellOutlet/maximumElementLength`` bytes; what is longer is not sent, and counts as the cell's crash.
    var cellBytes: [UInt8] { get }

    /// - Returns: nil when the bytes are no such value. Never traps.
    init?(cellBytes: ArraySlice<UInt8>)
}
