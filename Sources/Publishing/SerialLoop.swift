internal import Glibc
internal import HTTP
internal import Supervision
internal import Threads

/// The thread of a ``SerialTransport``: delivers, and tries again after failures, until stopped.
///
/// The thread takes no signals, and so not the SIGPIPE either that a write to a closed connection raises.
struct SerialLoop: ~Copyable {
    /// What a server can ask for: longer, a mistake there would silence the device for days.
    private static let longestPause = Duration.seconds(3600)

    /// Milliseconds from a change of the network to the attempt it causes, for one change comes with several messages.
    private static let settlingMilliseconds = 50

    private var receiver: any Receiver
    private let exchange: SerialExchange
    private let interval: Duration
    private let report: (String) -> Void
    private let network = NetworkChanges()
    private var retry: RetryDelay
    /// What was told last; nil before anything was.
    private var told: String?

    /// - Parameter interval: see ``SerialTransport``.
    init(
        _ receiver: any Receiver, _ exchange: SerialExchange, interval: Duration, retry: Backoff,
        report: @escaping (String) -> Void
    ) {
        self.receiver = receiver
        self.exchange = exchange
        self.interval = interval
        self.retry = RetryDelay(retry)
        self.report = report
    }

    mutating func run() {
        while !exchange.isStopped {
            // A change from here on may be what made the attempt fail.
            network.drain()
            do throws(ReceiverFailure) {
                try receiver.open()
                exchange.beginSession()
                defer { exchange.endSession() }
                try deliver()
            } catch {
                if exchange.isStopped { return }
                tell(error.text)
                wait(error.pause)
            }
        }
    }

    /// Returns when stopped.
    private mutating func deliver() throws(ReceiverFailure) {
        while let message = exchange.nextMessage() {
            let end = Deadline(after: interval)
            let refusal = try receiver.deliver(message)
            // Told only now: one that answers and then takes nothing is no good news, at every retry.
            if refusal == nil { tell("delivers to \(receiver.name)") }
            retry.reset()
            // A full one has others behind it, and the halves of a refused one are to follow.
            let rests = interval > .zero && refusal == nil && message.count < SerialTransport.limit
            exchange.settle(message, refusal: refusal, rests: rests)
            if rests { rest(until: end) }
        }
    }

    private func rest(until end: Deadline) {
        while !exchange.isStopped, !end.hasPassed { _ = exchange.work.wait(milliseconds: Int(end.millisecondsLeft)) }
        exchange.endRest()
    }

    /// Waits until the next attempt, which a change of the network brings forward unless the receiver asked for a pause.
    private mutating func wait(_ pause: Duration?) {
        let delay = Duration.milliseconds(retry.milliseconds())
        let end = Deadline(after: max(delay, min(pause ?? .zero, Self.longestPause)))
        while !exchange.isStopped, !end.hasPassed {
            guard waitForChange(until: end, ofNetwork: pause == nil) else { continue }
            retry.reset()
            _ = exchange.work.wait(milliseconds: Self.settlingMilliseconds)
            return
        }
    }

    /// - Returns: whether the network changed.
    private func waitForChange(until end: Deadline, ofNetwork: Bool) -> Bool {
        // poll(2) ignores -1.
        var descriptors = (
            pollfd(fd: ofNetwork ? network.descriptor : -1, events: Int16(POLLIN), revents: 0),
            pollfd(fd: exchange.work.descriptor, events: Int16(POLLIN), revents: 0)
        )
        let count = withUnsafeMutableBytes(of: &descriptors) { bytes in
            poll(bytes.assumingMemoryBound(to: pollfd.self).baseAddress, 2, end.millisecondsLeft)
        }
        guard count > 0 else { return false }
        if descriptors.1.revents != 0 { exchange.work.wait() }
        return descriptors.0.revents != 0
    }

    private mutating func tell(_ text: String) {
        if text == told { return }
        told = text
        report(text)
    }
}
