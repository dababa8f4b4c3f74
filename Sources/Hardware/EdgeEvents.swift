/// The events of one ``InputLine``, oldest first.
///
/// For one consumer: two would take events from each other. At most ``capacity`` events wait for it; beyond that the
/// oldest is dropped, which a gap in ``EdgeEvent/lineSequence`` shows. Ends when the line is released or the consuming
/// task is cancelled, for good either way, and throws ``GPIOError`` when the line's chip disappears. Keeps the line.
public struct EdgeEvents: AsyncSequence, Sendable {
    public typealias Element = EdgeEvent
    public typealias Failure = any Error

    /// The most events that wait for the consumer: two seconds of a contact that changes every 2 ms.
    public static let capacity = 1024

    let line: InputLine
    let stream: EdgeEventStream

    public struct AsyncIterator: AsyncIteratorProtocol {
        // Keeps the line open while it is iterated, also when the caller holds nothing but the sequence.
        let line: InputLine
        var iterator: EdgeEventStream.AsyncIterator

        public mutating func next() async throws -> EdgeEvent? {
            try await iterator.next()
        }

        public mutating func next(isolation actor: isolated (any Actor)?) async throws -> EdgeEvent? {
            try await iterator.next(isolation: actor)
        }
    }

    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(line: line, iterator: stream.makeAsyncIterator())
    }
}

/// Carries events from the waiting thread, which it never blocks, to the consumer.
typealias EdgeEventStream = AsyncThrowingStream<EdgeEvent, any Error>
