/// A reading had to make room before it was stored or acknowledged: the disk takes nothing, and the memory for that time
/// is full. It is reported to the receivers as missing.
public struct NotStoredError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Why the disk takes nothing, when it is known.
    public let reason: String?

    public var description: String {
        "the reading was not stored, for the disk takes nothing\(reason.map { ": \($0)" } ?? ""); free or repair the disk"
    }
}
