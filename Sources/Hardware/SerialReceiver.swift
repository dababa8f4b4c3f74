internal import Threads

/// What is between a serial line, kernel's or simulated, and the consumer of its frames.
final class SerialReceiver: Sendable {
    private struct State {
        var assembler: FrameAssembler
        var statistics = SerialStatistics()
    }

    private let state: Lock<State>
    private let continuation: SerialFrameStream.Continuation

    init(_ framing: SerialFraming, _ continuation: SerialFrameStream.Continuation) {
        state = Lock(State(assembler: FrameAssembler(framing)))
        self.continuation = continuation
    }

    var statistics: SerialStatistics { state.withLock { $0.statistics } }

    /// The pause in nanoseconds after which ``endByPause(at:)`` is to be called; nil: after none.
    var awaitedPause: UInt64? { state.withLock { $0.assembler.awaitedPause } }

    func receive(_ bytes: some Collection<UInt8> & Sendable, at time: UInt64) {
        deliver(at: time) { state in
            state.statistics.bytes += UInt64(bytes.count)
            return state.assembler.append(bytes, at: time)
        }
    }

    func endByPause(at time: UInt64) {
        deliver(at: time) { state in state.assembler.endByPause().map { [$0] } ?? [] }
    }

    /// Ends the frames; with an error when there is one.
    func finish(throwing error: SerialError? = nil) {
        continuation.finish(throwing: error)
    }

    private func deliver(at time: UInt64, _ body: (inout State) -> [[UInt8]]) {
        state.withLock { state in
            let frames = body(&state)
            state.statistics.frames += UInt64(frames.count)
            state.statistics.discardedBytes = state.assembler.discardedBytes
            // Under the lock, so that two threads of a simulated line cannot change places.
            for bytes in frames {
                if case .dropped = continuation.yield(SerialFrame(bytes: bytes, time: time)) {
                    state.statistics.droppedFrames += 1
                }
            }
        }
    }
}
