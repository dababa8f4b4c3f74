/// Readings were not stored, for one of two reasons.
///
/// Either one had to make room before it was stored or acknowledged: the disk takes nothing, and the memory for that
/// time is full. It is reported to the receivers as missing. Or one is infinite or not a number, which cannot be
/// published: then none of those it came with was taken, and none has a number.
public struct NotStoredError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Why the disk takes nothing, when it is known; or which reading cannot be published.
    public let reason: String?

    /// Whether a reading cannot be published: however often it is tried, these will not be stored together.
    public let isUnpublishable: Bool

    init(reason: String?, isUnpublishable: Bool = false) {
        self.reason = reason
        self.isUnpublishable = isUnpublishable
    }

    public var description: String {
        let why = reason.map { ": \($0)" } ?? ""
        return isUnpublishable
            ? "none of the readings was stored\(why); leave that one out"
            : "the reading was not stored, for the disk takes nothing\(why); free or repair the disk"
    }
}
