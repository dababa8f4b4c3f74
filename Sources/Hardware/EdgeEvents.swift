/// The events of an ``InputLine`` or of ``InputLines``, oldest first.
///
/// For one consumer: two would take events from each other. At most ``capacity`` events wait for it; beyond that the
/// oldest is dropped, which a gap in ``EdgeEvent/lineSequence`` and the line's statistics show. Ends when the line is
/// released or the consuming task is cancelled, for good either way, and throws ``GPIOError`` when the line's chip
/// disappears. Keeps the line.
public struct EdgeEvents: AsyncSequence, Sendable {
    public typealias Element = EdgeEvent
    public typealias Failure = any Error

    /// The most events that wait for the consumer: two seconds of a contact that changes every 2 ms.
    public static let capacity = 1024

    let lines: InputLines

    public struct AsyncIterator: AsyncIteratorProtocol {
        // Keeps the lines open while they are iterated, also when the caller holds nothing but the sequence.
        let lines: InputLines

        public mutating func next() async throws -> EdgeEvent? {
            try await lines.queue.next()
        }

        public mutating func next(isolation actor: isolated (any Actor)?) async throws -> EdgeEvent? {
            try await lines.queue.next(isolation: actor)
        }
    }

    /// Does something with each event, on the thread that takes it from the kernel: no other one has to wake up for it.
    ///
    /// What `body` does by itself is short and does not block, for meanwhile nobody takes events. When it suspends, they are
    /// taken and wait.
    /// - Throws: ``GPIOError``, and what `body` throws.
    public func handle(_ body: (EdgeEvent) async throws -> Void) async throws {
        try await lines.queue.handle(on: lines.executor, body)
    }

    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(lines: lines)
    }
}
