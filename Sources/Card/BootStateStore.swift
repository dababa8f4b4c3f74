public import BootState
internal import Glibc

/// The boot state on a card.
public struct BootStateStore: Sendable {
    private let card: any BlockDevice
    /// How often to ask for the lock.
    private let attempts: Int

    /// From the first byte of copy 0 to the last one of copy 1: who writes one of them has read both.
    private static let range = BootState.copyOffsets[0]..<(BootState.copyOffsets[1] + BootState.blockSize)
    /// Between two attempts, in microseconds. A change takes a card some ten milliseconds.
    private static let pause = 10_000

    /// - Parameter patience: milliseconds to wait for another program that is changing the state.
    public init(_ card: any BlockDevice, patience: Int = 10_000) {
        self.card = card
        attempts = max(1, patience * 1000 / Self.pause)
    }

    /// The state in force; nil when neither copy is valid.
    public func read() throws(CardError) -> BootState? { try choose()?.state }

    /// Writes the state that follows the one in force, over the older copy, flushed and read back.
    ///
    /// Programs that do so at the same time take turns, and each changes what the one before has left.
    /// - Returns: what is in force now.
    /// - Throws: ``CardError/bootStateInUse`` when another one has its turn for longer than the patience.
    @discardableResult
    public func write(_ change: (BootState) throws(BootStateError) -> BootState) throws(CardError) -> BootState {
        // What was written before must be there when the state says so. Not within the turn: this may take a while.
        try card.flush()
        try lock()
        defer { card.unlock(Self.range) }
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
        try card.write(block, at: offset)
        try card.flush()
        guard try card.readBack(at: offset, count: block.count) == block else {
            throw .writtenWrongly(path: "the card", offset: offset)
        }
        return next
    }

    /// The kernel can wait for a lock only without a limit, so it is asked again and again.
    private func lock() throws(CardError) {
        for attempt in 1... {
            if try card.lock(Self.range) { return }
            guard attempt < attempts else { throw .bootStateInUse }
            usleep(useconds_t(Self.pause))
        }
    }

    private func choose() throws(CardError) -> (state: BootState, copy: Int)? {
        BootState.choose(
            try card.read(at: BootState.copyOffsets[0], count: BootState.blockSize),
            try card.read(at: BootState.copyOffsets[1], count: BootState.blockSize))
    }
}
