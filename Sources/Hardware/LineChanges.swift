/// What becomes of a chip's lines while somebody looks, oldest first.
///
/// For one consumer. At most ``capacity`` changes wait for it; beyond that the oldest is dropped. Ends when the consuming
/// task is cancelled, and throws ``GPIOError`` when the chip disappears. The looking ends with the last copy.
public struct LineChanges: AsyncSequence, Sendable {
    public typealias Element = LineChange
    public typealias Failure = any Error

    /// More than the lines of any board's chip.
    public static let capacity = 256

    let watch: LineWatch
    let stream: LineChangeStream

    public struct AsyncIterator: AsyncIteratorProtocol {
        let watch: LineWatch
        var iterator: LineChangeStream.AsyncIterator

        public mutating func next() async throws -> LineChange? {
            try await iterator.next()
        }

        public mutating func next(isolation actor: isolated (any Actor)?) async throws -> LineChange? {
            try await iterator.next(isolation: actor)
        }
    }

    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(watch: watch, iterator: stream.makeAsyncIterator())
    }
}

typealias LineChangeStream = AsyncThrowingStream<LineChange, any Error>

/// Ends the looking when nobody holds it any more.
final class LineWatch: Sendable {
    private let stop: @Sendable () -> Void

    init(stop: @escaping @Sendable () -> Void) {
        self.stop = stop
    }

    deinit {
        stop()
    }
}
