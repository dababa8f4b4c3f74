internal import Glibc
internal import Threads

/// The network thread: connects, carries messages and acknowledgements, and connects again, until stopped.
///
/// The thread takes no signals, and so not the SIGPIPE either that a write to a closed connection raises.
struct MQTTLoop: ~Copyable {
    /// Milliseconds between the looks at the keep-alive.
    private static let maintenanceMilliseconds = 1000

    /// Milliseconds from a change of the network to the attempt it causes. One address or route comes with several
    /// messages, and without a pause a route that keeps changing would keep us connecting.
    private static let settlingMilliseconds = 50

    private let settings: MQTTSettings
    private let exchange: MQTTExchange
    private let report: (BrokerState) -> Void
    private let network = NetworkChanges()
    private var retry: RetryDelay
    private var reported: BrokerState?

    init(_ settings: MQTTSettings, _ exchange: MQTTExchange, report: @escaping (BrokerState) -> Void) {
        self.settings = settings
        self.exchange = exchange
        self.report = report
        retry = RetryDelay(settings.retry)
    }

    mutating func run() {
        while !exchange.isStopped {
            do throws(MQTTClient.Failure) {
                try runSession()
            } catch {
                tell(error.state)
                waitForRetry()
            }
        }
    }

    /// Returns when stopped.
    private mutating func runSession() throws(MQTTClient.Failure) {
        let client = try MQTTClient(settings)
        // A change from here on may be what made connecting fail.
        network.drain()
        try client.connect()
        try awaitAnswer(client)
        guard client.isActive else { return }

        exchange.beginSession()
        defer { exchange.endSession() }
        let start = monotonicMilliseconds()
        defer {
            // A broker that lets us in and throws us out again is not worth quick retries.
            if .milliseconds(monotonicMilliseconds() - start) >= settings.retry.resetAfter { retry.reset() }
        }
        while !exchange.isStopped {
            for message in exchange.takeOutgoing() { try client.publish(message) }
            // What came before a failure counts, too.
            defer { for number in client.takeAcknowledged() { exchange.acknowledge(number) } }
            try serve(client, forAtMost: Self.maintenanceMilliseconds)
            // Told only now: one that lets us in and then takes nothing is no good news, at every retry.
            if client.hasAcknowledged || monotonicMilliseconds() - start >= Self.maintenanceMilliseconds {
                tell(.connected)
            }
        }
        client.disconnect()
    }

    /// Returns when the broker let us in, or when stopped.
    private func awaitAnswer(_ client: MQTTClient) throws(MQTTClient.Failure) {
        let start = monotonicMilliseconds()
        while !client.isActive, !exchange.isStopped {
            let left = start + settings.answerMilliseconds - monotonicMilliseconds()
            guard left > 0 else {
                throw MQTTClient.Failure(
                    .notABroker(reason: "no answer within \(settings.answerMilliseconds / 1000) s"))
            }
            try serve(client, forAtMost: min(left, Self.maintenanceMilliseconds))
        }
    }

    /// Waits for the socket or for the publisher, then moves what there is to move.
    private func serve(_ client: MQTTClient, forAtMost milliseconds: Int) throws(MQTTClient.Failure) {
        let events = Int16(client.wantsToWrite ? POLLIN | POLLOUT : POLLIN)
        let ready = wait(client.descriptor, events, milliseconds: milliseconds)
        // An error or a hang-up shows when reading.
        if ready & ~Int16(POLLOUT) != 0 { try client.read() }
        if ready & Int16(POLLOUT) != 0 { try client.write() }
        try client.maintain()
    }

    private mutating func waitForRetry() {
        let changed = wait(network.descriptor, Int16(POLLIN), milliseconds: retry.milliseconds())
        guard changed != 0, !exchange.isStopped else { return }
        retry.reset()
        _ = exchange.work.wait(milliseconds: Self.settlingMilliseconds)
    }

    /// Waits for a descriptor and for the publisher.
    /// - Returns: what the descriptor is ready for.
    private func wait(_ descriptor: Int32, _ events: Int16, milliseconds: Int) -> Int16 {
        var descriptors = [
            pollfd(fd: descriptor, events: events, revents: 0),
            pollfd(fd: exchange.work.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        guard poll(&descriptors, 2, Int32(clamping: milliseconds)) > 0 else { return 0 }
        if descriptors[1].revents != 0 { exchange.work.wait() }
        return descriptors[0].revents
    }

    private mutating func tell(_ state: BrokerState) {
        if state == reported { return }
        reported = state
        report(state)
    }

    private func monotonicMilliseconds() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
    }
}
