/// The frames of one ``SerialPort``, oldest first.
///
/// For one consumer: two would take frames from each other. At most ``capacity`` frames wait for it; beyond that the
/// oldest is dropped and counted in ``SerialStatistics/droppedFrames``. Ends when the port is closed or the consuming
/// task is cancelled, for good either way, and throws ``SerialError`` when the port disappears. Keeps the port.
public struct SerialFrames: AsyncSequence, Sendable {
    public typealias Element = SerialFrame
    public typealias Failure = any Error

    /// The most frames that wait for the consumer: what a talkative GPS receiver sends in several seconds.
    public static let capacity = 64

    let port: SerialPort
    let stream: SerialFrameStream

    public struct AsyncIterator: AsyncIteratorProtocol {
        // Keeps the port open while it is iterated, also when the caller holds nothing but the sequence.
        let port: SerialPort
        var iterator: SerialFrameStream.AsyncIterator

        public mutating func next() async throws -> SerialFrame? {
            try await iterator.next()
        }

        public mutating func next(isolation actor: isolated (any Actor)?) async throws -> SerialFrame? {
            try await iterator.next(isolation: actor)
        }
    }

    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(port: port, iterator: stream.makeAsyncIterator())
    }
}

/// Carries frames from the port's thread, which it never blocks, to the consumer.
typealias SerialFrameStream = AsyncThrowingStream<SerialFrame, any Error>
