public import BootState

/// The boot state on a card.
public struct BootStateStore: Sendable {
    private let card: any BlockDevice

    public init(_ card: any BlockDevice) { self.card = card }

    /// The state in force; nil when neither copy is valid.
    public func read() throws(CardError) -> BootState? { try choose()?.state }

    /// Writes the state that follows the one in force, over the older copy, flushed and read back.
    ///
    /// Only one process may do so at a time.
    /// - Returns: what is in force now.
    @discardableResult
    public func write(_ change: (BootState) throws(BootStateError) -> BootState) throws(CardError) -> BootState {
        let current = try choose()
        let next: BootState
        let block: [UInt8]
        do throws(BootStateError) {
            next = try change(current?.state ?? .initial)
            block = try next.encoded()
        } catch {
            throw .bootState(error)
        }
        let offset = BootState.copyOffsets[current?.copy == 0 ? 1 : 0]
        // What was written before must be there when the state says so.
        try card.flush()
        try card.write(block, at: offset)
        try card.flush()
        guard try card.readBack(at: offset, count: block.count) == block else {
            throw .writtenWrongly(path: "the card", offset: offset)
        }
        return next
    }

    private func choose() throws(CardError) -> (state: BootState, copy: Int)? {
        BootState.choose(
            try card.read(at: BootState.copyOffsets[0], count: BootState.blockSize),
            try card.read(at: BootState.copyOffsets[1], count: BootState.blockSize))
    }
}
