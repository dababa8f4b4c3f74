internal import Glibc
internal import HTTP
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

    /// Milliseconds between two rounds of retained messages. Nobody looks at a dashboard more often, and a fast
    /// sensor does not fill the link with values that nobody sees.
    private static let retainedMilliseconds = 250

    /// Retained messages in flight at most. With the 16 of readings (`MQTTTransport`) and the word that the device is
    /// offline they are the 20 that mosquitto allows a client by default, so that nothing waits for their acknowledgements.
    private static let retainedWindow = 3

    /// Milliseconds for the last bytes at an orderly end.
    private static let farewellMilliseconds = 500

    private let settings: MQTTSettings
    private let exchange: MQTTExchange
    private let report: (BrokerState, String) -> Void
    private let network = NetworkChanges()
    private let resolver: Resolver
    private var retry: RetryDelay
    /// What was told of each broker.
    private var reported: [BrokerState?]
    /// What each broker is to be spoken to in, whether it has understood that before, and whether only its silence has led
    /// to that.
    private var versions: [(version: MQTTVersion, isKnown: Bool, isGuess: Bool)]
    /// The broker whose turn it is.
    private var turn = 0
    /// Whether the connection that ended had lasted. A broker that lets us in and throws us out again is not worth quick
    /// retries; after one that was good, the list begins anew.
    private var wasGood = false

    init(_ settings: MQTTSettings, _ exchange: MQTTExchange, report: @escaping (BrokerState, String) -> Void) {
        self.settings = settings
        self.exchange = exchange
        self.report = report
        resolver = Resolver(settings.search)
        retry = RetryDelay(settings.retry)
        reported = settings.brokers.map { _ in nil }
        versions = settings.brokers.map { _ in (.v5, false, false) }
    }

    mutating func run() {
        while !exchange.isStopped {
            wasGood = false
            do throws(MQTTClient.Failure) {
                try runSession()
            } catch {
                if exchange.isStopped { return }
                // At once: it lives.
                if tryOlderVersion(error.doubt) { continue }
                tell(error.state)
                let isLast = turn == settings.brokers.count - 1
                turn = isLast || wasGood ? 0 : turn + 1
                if isLast || wasGood { waitForRetry() }
            }
        }
    }

    /// - Returns: whether the broker is to be asked in 3.1.1 now.
    private mutating func tryOlderVersion(_ doubt: MQTTClient.Failure.Doubt) -> Bool {
        let (version, isKnown, isGuess) = versions[turn]
        // Who has understood it before has another reason to go away without a word.
        if doubt == .certain || doubt == .possible && !isKnown && version == .v5 {
            versions[turn] = (.v311, false, doubt == .possible)
            return true
        }
        // The guess held for one connection: something before a broker that is just starting goes away as well, and what it
        // denies would not be told in 3.1.1.
        if isGuess || doubt == .possible && !isKnown { versions[turn] = (.v5, false, false) }
        return false
    }

    /// Returns when stopped.
    private mutating func runSession() throws(MQTTClient.Failure) {
        let broker = settings.brokers[turn]
        // A change from here on may be what made the attempt fail.
        if turn == 0 { network.drain() }
        let client = try MQTTClient(settings, broker, versions[turn].version)
        let address = try Reachability.address(
            of: broker, resolver, within: settings.connectMilliseconds
        ) { descriptor, limit in awaitWritable(descriptor, milliseconds: limit) }
        try client.connect(to: address)
        try awaitAnswer(client)
        guard client.isActive else { return }
        versions[turn].isKnown = true

        exchange.beginSession(with: broker.address)
        let start = monotonicMilliseconds()
        defer {
            exchange.endSession()
            wasGood = .milliseconds(monotonicMilliseconds() - start) >= settings.retry.resetAfter
            if wasGood { retry.reset() }
        }
        if let status = settings.status { try client.retain(Array(MQTTSettings.Status.online.utf8), on: status.topic) }
        var round = (start: start - Self.retainedMilliseconds, isOver: true)
        while true {
            let work = exchange.takeOutgoing()
            if work.isStopped { break }
            // What came before a failure counts, too.
            defer {
                let settled = client.takeSettled()
                exchange.settle(acknowledged: settled.acknowledged, rejected: settled.rejected)
            }
            for message in work.messages { try client.publish(message) }
            var patience = Self.maintenanceMilliseconds
            // Where acknowledgements take their time a round does, and values replace each other meanwhile.
            if work.hasRetained, !client.isRetaining {
                let now = monotonicMilliseconds()
                if !round.isOver || now >= round.start + Self.retainedMilliseconds {
                    if round.isOver { round.start = now }
                    round.isOver = try retainNext(client)
                } else {
                    patience = round.start + Self.retainedMilliseconds - now
                }
            }
            if client.judgement != nil { patience = min(patience, settings.judgementMilliseconds) }
            try serve(client, forAtMost: patience)
            // Told only now: one that lets us in and then takes nothing is no good news, at every retry.
            if client.hasAcknowledged || monotonicMilliseconds() - start >= Self.maintenanceMilliseconds {
                tell(.connected)
            }
        }
        sayFarewell(client)
    }

    /// Sends the next messages of a round.
    /// - Returns: whether they were its last.
    private func retainNext(_ client: MQTTClient) throws(MQTTClient.Failure) -> Bool {
        while true {
            let (messages, isRoundOver) = exchange.takeRetained(upTo: Self.retainedWindow)
            for (topic, payload) in messages { try client.retain(payload, on: topic) }
            // Those that the library does not take are followed by others at once: no acknowledgement would wake us.
            if isRoundOver || client.isRetaining { return isRoundOver }
        }
    }

    /// Returns when the broker let us in, or when stopped.
    private func awaitAnswer(_ client: MQTTClient) throws(MQTTClient.Failure) {
        let start = monotonicMilliseconds()
        while !client.isActive, !exchange.isStopped {
            let left = start + settings.answerMilliseconds - monotonicMilliseconds()
            guard left > 0 else {
                let reason = "no answer within \(settings.answerMilliseconds / 1000) s"
                throw MQTTClient.Failure(state: .notABroker(reason: reason))
            }
            try serve(client, forAtMost: min(left, Self.maintenanceMilliseconds))
        }
    }

    /// - Returns: false when the time is over, or when stopped.
    private func awaitWritable(_ descriptor: Int32, milliseconds: Int) -> Bool {
        let end = monotonicMilliseconds() + milliseconds
        while !exchange.isStopped, case let left = end - monotonicMilliseconds(), left > 0 {
            if wait(descriptor, Int16(POLLOUT), milliseconds: left) != 0 { return true }
        }
        return false
    }

    /// Waits for the socket or for the publisher, then moves what there is to move.
    private func serve(_ client: MQTTClient, forAtMost milliseconds: Int) throws(MQTTClient.Failure) {
        // Before the broker let us in, what is to be written waits for its answers and not for room: a socket that is
        // writable all the time would keep the processor busy until they come.
        let events = Int16(client.wantsToWrite && client.isActive ? POLLIN | POLLOUT : POLLIN)
        let ready = wait(client.descriptor, events, milliseconds: milliseconds)
        // An error or a hang-up shows when reading.
        if ready & ~Int16(POLLOUT) != 0 {
            try client.read()
            if !client.isActive, client.wantsToWrite { try client.write() }
        }
        if ready & Int16(POLLOUT) != 0 { try client.write() }
        try client.maintain()
    }

    /// The will is for accidents; an orderly end says itself that we are gone.
    private func sayFarewell(_ client: MQTTClient) {
        if let status = settings.status {
            try? client.retain(Array(MQTTSettings.Status.offline.utf8), on: status.topic)
        }
        client.disconnect()
        let end = monotonicMilliseconds() + Self.farewellMilliseconds
        while client.wantsToWrite, client.descriptor >= 0, monotonicMilliseconds() < end {
            var descriptor = pollfd(fd: client.descriptor, events: Int16(POLLOUT), revents: 0)
            guard poll(&descriptor, 1, Int32(Self.farewellMilliseconds)) > 0, (try? client.write()) != nil else {
                return
            }
        }
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
        var descriptors = (
            pollfd(fd: descriptor, events: events, revents: 0),
            pollfd(fd: exchange.work.descriptor, events: Int16(POLLIN), revents: 0)
        )
        let count = withUnsafeMutableBytes(of: &descriptors) { bytes in
            poll(bytes.assumingMemoryBound(to: pollfd.self).baseAddress, 2, Int32(clamping: milliseconds))
        }
        guard count > 0 else { return 0 }
        if descriptors.1.revents != 0 { exchange.work.wait() }
        return descriptors.0.revents
    }

    private mutating func tell(_ state: BrokerState) {
        if state == reported[turn] { return }
        if state == .connected { reported = reported.map { _ in nil } }
        reported[turn] = state
        report(state, settings.brokers[turn].address)
    }

    private func monotonicMilliseconds() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
    }
}
