internal import Synchronization

/// The ticks of one actor, from their start to their end: by an error of a tick or by cancellation, whichever is first.
final class TickSeries: Sendable {
    private enum Phase: UInt8, AtomicRepresentable {
        case idle, ticking
        /// To end once the tick that runs has ended.
        case ending
        case ended
    }

    private let phase = Atomic(Phase.idle)
    private let action: @Sendable (Tick) throws -> Void
    private let end: @Sendable (any Error) -> Void

    /// - Parameters:
    ///   - action: what a tick does.
    ///   - end: called once, after the last tick, with its error or `CancellationError`.
    init(_ action: @escaping @Sendable (Tick) throws -> Void, end: @escaping @Sendable (any Error) -> Void) {
        self.action = action
        self.end = end
    }

    /// Only one thread ticks.
    func tick(_ tick: Tick) {
        guard
            phase.compareExchange(expected: .idle, desired: .ticking, ordering: .acquiringAndReleasing).exchanged
        else { return }
        do {
            try action(tick)
        } catch {
            phase.store(.ended, ordering: .releasing)
            return end(error)
        }
        let (isIdle, _) = phase.compareExchange(expected: .ticking, desired: .idle, ordering: .acquiringAndReleasing)
        if !isIdle {
            phase.store(.ended, ordering: .releasing)
            end(CancellationError())
        }
    }

    /// No tick begins any more. When one runs, the end is when that has ended.
    func cancel() {
        while true {
            if phase.compareExchange(expected: .idle, desired: .ended, ordering: .acquiringAndReleasing).exchanged {
                return end(CancellationError())
            }
            let (isTaken, current) = phase.compareExchange(
                expected: .ticking, desired: .ending, ordering: .acquiringAndReleasing)
            if isTaken || current != .idle { return }
        }
    }
}
