internal import Sensors
internal import Supervision
internal import Threads

/// The way to a receiver that takes one message at a time, on a thread of its own.
final class SerialTransport: Transport {
    private let exchange: SerialExchange

    /// The first delays are short because the network of a booting board is a second or two away; 30 s bound what a dead
    /// server costs.
    private static let retry = Backoff(
        initial: .milliseconds(100), maximum: .seconds(30), resetAfter: .seconds(10), jitter: 0.5)

    /// Readings in a message, at most. Some ten kilobytes: what a request costs besides is little then, and a refused one is
    /// halved eight times.
    static let limit = 256

    /// Begins at once, and ends when this is released.
    /// - Parameters:
    ///   - interval: from the beginning of one message to that of the next, at least, so that readings go together. A full
    ///     message is followed at once by the next.
    ///   - retry: the delays between attempts.
    ///   - report: takes every change of the receiver's state in words.
    ///   - makeReceiver: called once on the calling thread for its name, and once on the transport's.
    /// - Throws: why the system has no thread to give.
    init(
        interval: Duration = .zero, retry: Backoff = SerialTransport.retry,
        report: @escaping @Sendable (String) -> Void,
        _ makeReceiver: @escaping @Sendable () -> any Receiver
    ) throws {
        let name = makeReceiver().name
        let exchange = try SerialExchange(receiver: name)
        // Nobody joins it: what it waits for ends by itself, in up to a minute.
        try DedicatedThread(name: "deliver") {
            var loop = SerialLoop(makeReceiver(), exchange, interval: interval, retry: retry, report: report)
            loop.run()
        }.detach()
        self.exchange = exchange
    }

    deinit { exchange.stop() }

    var changes: Mailbox<Void> { exchange.changes }

    func progress() -> TransportProgress { exchange.progress() }

    func stop() { exchange.stop() }

    func link(_ session: UInt64) -> any OutboxLink {
        Link(exchange: exchange, session: session, unfinished: exchange.unfinished)
    }

    private struct Link: OutboxLink {
        let exchange: SerialExchange
        let session: UInt64
        let unfinished: UInt64?

        var window: Int { exchange.isResting ? 0 : 1 }

        var limit: Int { SerialTransport.limit }

        func canShare(_ first: Reading, _ second: Reading) -> Bool {
            if let unfinished, first.sequence <= unfinished, unfinished < second.sequence { return false }
            return SenML.canShareAPack(first, second)
        }

        func send(_ message: OutboxMessage) -> Bool { exchange.send(message, in: session) }
    }
}
