internal import Glibc
public import Sensors
public import Supervision

/// Delivers the device's readings to a broker, each until it was acknowledged.
///
/// Readings come through ``mailbox``, wait in memory, and go out as SenML in messages of QoS 1 on the topic
/// `apus/<device>/readings`. While the broker is away they wait, and those in flight are sent again when it is back: a
/// receiver gets every reading in order and at least once, and can tell the second copy by its sequence number. When more
/// wait than there is room for, the oldest make room, and are counted.
///
/// What waits survives a restart of the child, not of the process.
public actor Publisher {
    /// How the delivery goes.
    public struct Statistics: Sendable, Hashable {
        /// Whether there is a connection to the broker now.
        public let isConnected: Bool
        /// Readings not yet acknowledged.
        public let waiting: Int
        /// Readings the broker took over since the start of the process.
        public let acknowledged: UInt64
        /// Readings that had to make room.
        public let dropped: UInt64
        /// Readings whose value SenML cannot carry, infinite or not a number, and those the broker does not take.
        public let unpublishable: UInt64
    }

    /// Where the readings go in. It outlives restarts of the publisher, and drops its oldest when nobody empties it.
    public nonisolated let mailbox = Mailbox<Reading>(capacity: mailboxCapacity, overflow: .dropOldest)

    private nonisolated let destination: Destination
    private nonisolated let device: String
    private nonisolated let report: @Sendable (String) -> Void
    private nonisolated let configure: @Sendable (inout MQTTSettings) -> Void

    private var queue: DeliveryQueue
    private var connection: MQTTConnection?
    private var encoding: MQTTEncoding?
    private var homeAssistant: HomeAssistant?
    private var session: UInt64? {
        didSet { BrokerConnections.set(ObjectIdentifier(self), isConnected: session != nil) }
    }
    private var acknowledged: UInt64 = 0
    private var unpublishable: UInt64 = 0
    private var isDropping = false

    /// - Parameters:
    ///   - destination: where to deliver to.
    ///   - device: the device's id: letters, digits, `-`, `.`, `_` and `:`, beginning with a letter or digit, at most 128.
    ///     Part of topic, client id and names; anything else fails the publisher when it starts.
    ///   - capacity: the most readings that wait for the broker, each about 120 bytes of memory. By default 10,000: nearly
    ///     three hours of one reading per second, in little more than a megabyte.
    public init(to destination: Destination, device: String, capacity: Int = 10_000) {
        self.init(to: destination, device: device, capacity: capacity, report: Console.print) { _ in }
    }

    /// - Parameters:
    ///   - report: takes the lines for the console.
    ///   - configure: changes the settings of the connection.
    init(
        to destination: Destination, device: String, capacity: Int, report: @escaping @Sendable (String) -> Void,
        configure: @escaping @Sendable (inout MQTTSettings) -> Void
    ) {
        self.destination = destination
        self.device = device
        self.report = report
        self.configure = configure
        queue = DeliveryQueue(capacity: capacity)
    }

    deinit { BrokerConnections.remove(ObjectIdentifier(self)) }

    /// The publisher as a supervised child. It fails to start with a broker's URL or a device's id that is not valid; an
    /// absent broker is not a failure.
    public nonisolated var childSpec: ChildSpec {
        ChildSpec("publisher", backoff: Self.backoff, mailbox: mailbox) {
            try await self.open()
            return { try await self.run() }
        }
    }

    public var statistics: Statistics {
        Statistics(
            isConnected: session != nil, waiting: queue.count, acknowledged: acknowledged, dropped: queue.dropped,
            unpublishable: unpublishable)
    }

    /// Room for the readings of the moments in which the publisher is restarted.
    private static let mailboxCapacity = 1024

    /// Readings taken from the mailbox at once.
    private static let intake = 256

    /// Readings in one message: some four kilobytes, which every broker takes.
    private static let readingsPerMessage = 64

    /// Messages in flight. With full messages far more than any link's bandwidth times delay, and less than the 20 that
    /// mosquitto allows a client by default.
    private static let window = 16

    /// The delays between restarts. A configuration may be corrected while the device runs, so it goes on for ever.
    private static let backoff = Backoff(initial: .milliseconds(500), maximum: .seconds(30))

    /// How long an orderly stop waits for acknowledgements: within the time a supervisor gives a child by default.
    private static let flushTime = Duration.seconds(1)
}

// The child's life.
extension Publisher {
    private func open() throws {
        if let error = InvalidDeviceError(device) { throw error }
        let options =
            switch destination {
            case .mqtt(let options): options
            }
        encoding = try MQTTEncoding(options, device: device)
        homeAssistant = try options.homeAssistant.map {
            try HomeAssistant($0, device: device, status: try options.settings(device: device).status?.topic)
        }
        var settings = try options.settings(device: device)
        configure(&settings)
        connection = try MQTTConnection(settings) { [report] state, address in report(state.text(address)) }
        session = nil
        queue.returnInFlight()
    }

    private func run() async throws {
        guard let exchange = connection?.exchange else { return }
        // Released, the connection ends.
        defer { connection = nil }
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await self.takeReadings() }
                group.addTask { try await self.followConnection(exchange) }
                defer { group.cancelAll() }
                try await group.next()
            }
        } catch is CancellationError {
            await finish(exchange)
            throw CancellationError()
        }
    }

    private func takeReadings() async throws {
        while true {
            accept(try await mailbox.receive(upTo: Self.intake))
            try send()
        }
    }

    private func followConnection(_ exchange: MQTTExchange) async throws {
        while true {
            _ = try await exchange.changes.receive()
            takeProgress(exchange)
            try send()
        }
    }

    /// The orderly end: the last readings are sent, and given a moment to be acknowledged.
    private func finish(_ exchange: MQTTExchange) async {
        // A cancelled task still gets what waits there, and does not wait for more.
        if let last = try? await mailbox.receive() { accept(last) }
        // In a task of its own, which is not cancelled.
        await Task {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { try? await Task.sleep(for: Self.flushTime) }
                group.addTask { try? await self.flush(exchange) }
                await group.next()
                group.cancelAll()
            }
        }.value
    }

    private func flush(_ exchange: MQTTExchange) async throws {
        takeProgress(exchange)
        try send()
        while session != nil, !queue.isEmpty {
            _ = try await exchange.changes.receive()
            takeProgress(exchange)
            try send()
        }
    }
}

// Its steps.
extension Publisher {
    private func accept(_ readings: [Reading]) {
        for reading in readings {
            if case .number(let value) = reading.value, !value.isFinite {
                if unpublishable == 0 { report("\(reading.sensor) reads \(value), which cannot be published") }
                unpublishable += 1
                continue
            }
            queue.append(reading)
        }
        if let connection { homeAssistant?.show(readings, on: connection.exchange) }
        if queue.dropped > 0, !isDropping {
            isDropping = true
            report("\(queue.capacity) readings wait for the broker; from now on the oldest make room for the newest")
        }
    }

    private func send() throws {
        guard let connection, let encoding, let session else { return }
        while queue.batchCount < Self.window,
            let batch = queue.nextBatch(upTo: Self.readingsPerMessage, where: encoding.canShare)
        {
            let message = try encoding.message(
                batch.number, batch.readings, present: .init(monotonicTime: nanoseconds(CLOCK_MONOTONIC)))
            // Refused, the connection just ended, and the notice of that returns the batch.
            guard connection.exchange.send(message, in: session) else { return }
        }
    }

    private func takeProgress(_ exchange: MQTTExchange) {
        let progress = exchange.progress()
        for number in progress.acknowledged {
            let count = queue.acknowledge(number)
            if acknowledged == 0, count > 0 { reportFirstAcknowledged() }
            acknowledged += UInt64(count)
        }
        for rejection in progress.rejected {
            let count = queue.acknowledge(rejection.number)
            unpublishable += UInt64(count)
            report("the broker does not take \(count) readings: \(rejection.reason)")
        }
        if progress.session != session {
            session = progress.session
            queue.returnInFlight()
        }
        if isDropping, queue.isEmpty {
            isDropping = false
            report("the readings that waited are delivered; \(queue.dropped) had to make room since the app's start")
        }
    }

    /// How long the device takes to do its work is a figure its makers watch.
    private func reportFirstAcknowledged() {
        let milliseconds = nanoseconds(CLOCK_BOOTTIME) / 1_000_000
        let fraction = String(1000 + milliseconds % 1000).dropFirst()
        report("first reading acknowledged at \(milliseconds / 1000).\(fraction) s after boot")
    }

    private func nanoseconds(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(clamping: time.tv_sec) * 1_000_000_000 + UInt64(clamping: time.tv_nsec)
    }
}
