internal import BootState

/// A factory reset: the data partition is made anew at the next start, everything else on the card stays.
///
/// ```swift
/// try FactoryReset(card).request()  // then reboot; apus-init does the rest
/// ```
public struct FactoryReset: Sendable {
    private let card: any BlockDevice

    public init(_ card: any BlockDevice) { self.card = card }

    public func isRequested() throws(CardError) -> Bool {
        ResetMark.isSet(try card.read(at: ResetMark.offset, count: ResetMark.blockSize))
    }

    /// Marks the card. When this has returned, the mark survives a power cut.
    public func request() throws(CardError) {
        let mark: [UInt8]
        do throws(BootStateError) { mark = try ResetMark.encoded() } catch { throw .bootState(error) }
        try write(mark)
    }

    /// Takes the mark away: only when the new data partition is on the card for sure.
    public func clear() throws(CardError) {
        try write(Array(repeating: 0, count: ResetMark.blockSize))
    }

    private func write(_ block: [UInt8]) throws(CardError) {
        try card.flush()
        try card.write(block, at: ResetMark.offset)
        try card.flush()
        guard try card.readBack(at: ResetMark.offset, count: block.count) == block else {
            throw .writtenWrongly(path: "the card", offset: ResetMark.offset)
        }
    }
}
