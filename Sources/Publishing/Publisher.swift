internal import Glibc
public import Sensors
public import Supervision
internal import Threads

/// Delivers the device's readings to one or several destinations, each until it was acknowledged.
///
/// Readings come through ``mailbox``, get a number, and go out at once, to a broker as SenML in messages of QoS 1 on the
/// topic `apus/<device>/readings`, to a web server as the bodies of requests (``HTTPOptions``). Those that are not
/// acknowledged soon are written to disk (``OutboxOptions``), and survive the end of the process and of the device. While a
/// broker is away they wait, and those in flight are sent again when it is back: a receiver gets every reading in order
/// and at least once, and can tell the second copy by its number. What had to be dropped is reported to the receivers, too.
public actor Publisher {
    /// How the delivery goes.
    public struct Statistics: Sendable, Hashable {
        /// Whether there is a connection to each broker now.
        public let isConnected: Bool
        /// Readings not yet acknowledged by all.
        public let waiting: Int
        /// Readings that the receivers took over since the start of the process, those of all destinations together.
        public let acknowledged: UInt64
        /// Readings that had to make room since then.
        public let dropped: UInt64
        /// Readings whose value SenML cannot carry, infinite or not a number, and those no receiver takes.
        public let unpublishable: UInt64
    }

    /// Where the readings go in. It outlives restarts of the publisher.
    public nonisolated let mailbox: Mailbox<Reading>

    private nonisolated let destinations: [Destination]
    private nonisolated let device: String
    private nonisolated let options: OutboxOptions
    private nonisolated let start: UInt64?
    private nonisolated let patience: Duration
    private nonisolated let report: @Sendable (String) -> Void
    private nonisolated let configure: @Sendable (inout MQTTSettings) -> Void
    private nonisolated let gauge: OutboxGauge

    /// Of readings of which one is the newer state of another.
    private struct Series: Hashable, Sendable {
        let sensor: String
        let quantity: Quantity
    }

    /// From the first start on; what it holds survives restarts of the child.
    private var outbox: Outbox?
    private var transports: [any Transport] = []
    private var sessions: [UInt64?] = [] {
        didSet {
            if let isConnected = Destination.areReached(destinations, sessions.map { $0 != nil }) {
                BrokerConnections.set(ObjectIdentifier(self), isConnected: isConnected)
            }
        }
    }
    /// Those of the connections, by transport.
    private var brokers: [String: String] = [:]
    /// Taken from the mailbox and not yet by the outbox, and readings that were lost before them.
    private var pending: (readings: [Reading], missing: UInt64) = ([], 0)
    /// Readings that the mailbox had dropped or replaced when it was looked at last.
    private var missed: UInt64 = 0
    private var hasAcknowledged = false

    /// - Parameters:
    ///   - destination: where to deliver to.
    ///   - device: the device's id: letters, digits, `-`, `.`, `_` and `:`, beginning with a letter or digit, at most 128.
    ///     Part of topic, client id and names; anything else fails the publisher when it starts.
    ///   - outbox: how what is not yet acknowledged is kept.
    ///   - overflow: what happens to a sensor's reading when the publisher takes none, because the disk is slower than the
    ///     sensors or the outbox is full and suspends. Readings dropped here are counted and reported, too.
    ///   - coalesces: whether of the readings that wait to be taken only the newest of each sensor's quantity is kept, for
    ///     apps to which the present matters more than the past. Those replaced are reported as dropped ones are.
    public init(
        to destination: Destination, device: String, outbox: OutboxOptions = OutboxOptions(),
        overflow: OverflowPolicy = .dropOldest, coalesces: Bool = false
    ) {
        self.init(to: [destination], device: device, outbox: outbox, overflow: overflow, coalesces: coalesces)
    }

    /// - Parameters:
    ///   - destinations: where to deliver to, to each of them all readings; at least one.
    ///   - device: the device's id, as above.
    ///   - outbox: how what is not yet acknowledged by all is kept.
    ///   - overflow: what happens to a sensor's reading when the publisher takes none.
    ///   - coalesces: whether of the readings that wait to be taken only the newest of each sensor's quantity is kept.
    public init(
        to destinations: [Destination], device: String, outbox: OutboxOptions = OutboxOptions(),
        overflow: OverflowPolicy = .dropOldest, coalesces: Bool = false
    ) {
        self.init(
            to: destinations, device: device, outbox: outbox, overflow: overflow, coalesces: coalesces, start: nil,
            report: Console.print
        ) { _ in }
    }

    /// - Parameters:
    ///   - start: the number of the first reading where nothing is kept; nil for one that no other process has.
    ///   - patience: for how long an orderly stop waits for acknowledgements, at most.
    ///   - report: takes the lines for the console.
    ///   - configure: changes the settings of the connections.
    init(
        to destinations: [Destination], device: String, outbox: OutboxOptions, overflow: OverflowPolicy,
        coalesces: Bool = false, start: UInt64?, patience: Duration = Publisher.flushTime,
        report: @escaping @Sendable (String) -> Void, configure: @escaping @Sendable (inout MQTTSettings) -> Void
    ) {
        mailbox =
            coalesces
            ? Mailbox(capacity: Self.mailboxCapacity, overflow: overflow) {
                Series(sensor: $0.sensor, quantity: $0.quantity)
            } : Mailbox(capacity: Self.mailboxCapacity, overflow: overflow)
        gauge = OutboxGauge(mailbox)
        self.destinations = destinations
        self.device = device
        options = outbox
        self.start = start
        self.patience = patience
        self.report = report
        self.configure = configure
    }

    deinit { BrokerConnections.remove(ObjectIdentifier(self)) }

    /// The publisher as a supervised child. It fails to start with a broker's URL or a device's id that is not valid; an
    /// absent broker is not a failure.
    public nonisolated var childSpec: ChildSpec {
        ChildSpec("publisher", backoff: Self.backoff, mailbox: gauge) {
            try await self.open()
            return { try await self.run() }
        }
    }

    public var statistics: Statistics {
        get async {
            let status = await outbox?.status ?? OutboxStatus()
            return Statistics(
                isConnected: isConnected, waiting: Int(clamping: status.depth),
                acknowledged: status.transports.reduce(0) { $0 + $1.acknowledged }, dropped: status.droppedNow,
                unpublishable: status.unpublishable + status.deadLetters)
        }
    }

    /// Takes readings past the mailbox, and returns when they outlive a sudden end of the device: on disk, or acknowledged
    /// by every receiver.
    ///
    /// - Throws: ``NotStoredError`` when one had to make room before, or cannot be published, which is when none of them is
    ///   taken; `CancellationError`; why the system has no thread.
    public func store(_ readings: [Reading]) async throws {
        let outbox = try ready()
        // At once: what others send while this one waits is newer.
        for transport in transports { transport.show(readings) }
        await outbox.open()
        try await outbox.store(readings)
    }

    /// Returns when all that was taken so far outlives a sudden end of the device.
    ///
    /// - Throws: as ``store(_:)``.
    public func flush() async throws {
        try await outbox?.flush()
    }

    /// Room for the readings of the moments in which the publisher is restarted.
    private static let mailboxCapacity = 1024

    /// The delays between restarts. A configuration may be corrected while the device runs, so it goes on for ever.
    private static let backoff = Backoff(initial: .milliseconds(500), maximum: .seconds(30))

    /// How long an orderly stop waits for acknowledgements: within the time a supervisor gives a child by default.
    private static let flushTime = Duration.seconds(1)

    /// How long it then waits for the connections to end, each with a word to its broker: the process may end right after.
    private static let farewellTime = Duration.milliseconds(500)

    private static let statusInterval = Duration.seconds(1)
}

// The child's life.
extension Publisher {
    private func open() throws {
        if let error = InvalidDeviceError(device) { throw error }
        transports = []
        for destination in destinations {
            transports.append(try destination.transport(device: device, report: report, configure: configure))
        }
        sessions = transports.map { _ in nil }
        _ = try ready()
    }

    private func ready() throws -> Outbox {
        if let outbox { return outbox }
        let outbox = try Outbox(
            options, transports: Destination.names(destinations), start: start, gauge: gauge, report: report)
        self.outbox = outbox
        return outbox
    }

    private func run() async throws {
        let outbox = try ready()
        // Released, the connections end.
        defer {
            transports = []
            sessions = []
        }
        // Here and not in the start: a large file takes some seconds, which the sensors need not wait for.
        await outbox.open()
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await self.takeReadings(outbox) }
                for (index, transport) in transports.enumerated() {
                    group.addTask { try await self.follow(transport, index, outbox) }
                }
                if let file = StatusFile() { group.addTask { try await self.tell(file, outbox) } }
                defer { group.cancelAll() }
                try await group.next()
            }
        } catch is CancellationError {
            await finish(outbox)
            throw CancellationError()
        }
        for index in transports.indices { await outbox.disconnect(index) }
    }

    private func takeReadings(_ outbox: Outbox) async throws {
        while true {
            if pending.readings.isEmpty { pending.readings = try await mailbox.receive(upTo: outbox.portion) }
            try await passOn(to: outbox)
        }
    }

    /// A portion, which stays pending when this is cancelled.
    private func passOn(to outbox: Outbox) async throws {
        let readings = Array(pending.readings.prefix(outbox.portion))
        pending.missing += newlyMissed()
        try await outbox.accept(readings, missing: pending.missing)
        pending.readings.removeFirst(readings.count)
        pending.missing = 0
        for transport in transports { transport.show(readings) }
    }

    private func passAllOn(to outbox: Outbox) async {
        repeat {
            guard (try? await passOn(to: outbox)) != nil else { return }
        } while !pending.readings.isEmpty
    }

    /// What found no room until the end gets it beyond the bounds: it would be lost with the process.
    private func passOnTheRest(to outbox: Outbox) async {
        let rest = pending
        pending = ([], 0)
        _ = try? await outbox.accept(rest.readings, missing: rest.missing, isBounded: false)
    }

    private func newlyMissed() -> UInt64 {
        let statistics = mailbox.statistics
        let dropped = statistics.dropped + statistics.coalesced
        defer { missed = dropped }
        return dropped - missed
    }

    private func follow(_ transport: any Transport, _ index: Int, _ outbox: Outbox) async throws {
        while true {
            _ = try await transport.changes.receive()
            await takeProgress(transport, index, outbox)
        }
    }

    private func tell(_ file: StatusFile, _ outbox: Outbox) async throws {
        var file = file
        while true {
            let time = DeviceClock.wallTime(at: DeviceClock.monotonicTime)
            file.update(await status(outbox), time: time, brokers: brokers)
            try await Task.sleep(for: Self.statusInterval)
        }
    }

    private func status(_ outbox: Outbox) async -> OutboxStatus {
        var status = await outbox.status
        status.device = device
        return status
    }

    /// The orderly end: the last readings are sent, and given a moment to be acknowledged; the others are written. Nothing
    /// is waited for that is not to come.
    private func finish(_ outbox: Outbox) async {
        // A cancelled task still gets what waits there, and does not wait for more.
        pending.readings += (try? await mailbox.receive()) ?? []
        let (transports, patience) = (transports, patience)
        // In a task of its own, which is not cancelled.
        await Task {
            await Self.run(atMost: patience) {
                await self.passAllOn(to: outbox)
                await withTaskGroup(of: Void.self) { all in
                    for (index, transport) in transports.enumerated() {
                        all.addTask { await self.drain(transport, index, outbox) }
                    }
                }
            }
            await self.passOnTheRest(to: outbox)
            await Self.run(atMost: Self.farewellTime) {
                for transport in transports { transport.stop() }
                await withTaskGroup(of: Void.self) { all in
                    for (index, transport) in transports.enumerated() {
                        all.addTask { await self.awaitEnd(transport, index, outbox) }
                    }
                }
            }
            await outbox.close()
        }.value
    }

    /// Runs the body until it returns, and cancels it when the time is over.
    private static func run(atMost time: Duration, _ body: @escaping @Sendable () async -> Void) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await Task.sleep(for: time) }
            group.addTask { await body() }
            await group.next()
            group.cancelAll()
        }
    }

    private func drain(_ transport: any Transport, _ index: Int, _ outbox: Outbox) async {
        await takeProgress(transport, index, outbox)
        while sessions.indices.contains(index), sessions[index] != nil, await outbox.lag(index) > 0 {
            guard (try? await transport.changes.receive()) != nil else { return }
            await takeProgress(transport, index, outbox)
        }
    }

    private func awaitEnd(_ transport: any Transport, _ index: Int, _ outbox: Outbox) async {
        while sessions.indices.contains(index), sessions[index] != nil {
            guard (try? await transport.changes.receive()) != nil else { return }
            await takeProgress(transport, index, outbox)
        }
    }
}

// Its steps.
extension Publisher {
    private var isConnected: Bool { !sessions.isEmpty && sessions.allSatisfy { $0 != nil } }

    private func takeProgress(_ transport: any Transport, _ index: Int, _ outbox: Outbox) async {
        let progress = transport.progress()
        // Without any, too: there may be room for more.
        let count = await outbox.settle(
            index, acknowledged: progress.acknowledged, rejected: progress.rejected.map { ($0.number, $0.reason) })
        if !hasAcknowledged, count > 0 { reportFirstAcknowledged() }
        guard sessions.indices.contains(index), progress.session != sessions[index] else { return }
        sessions[index] = progress.session
        brokers[outbox.names[index]] = progress.broker
        if let session = progress.session {
            await outbox.connect(index, transport.link(session))
        } else {
            await outbox.disconnect(index)
        }
    }

    /// How long the device takes to do its work is a figure its makers watch.
    private func reportFirstAcknowledged() {
        hasAcknowledged = true
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        let milliseconds = UInt64(clamping: time.tv_sec) * 1000 + UInt64(clamping: time.tv_nsec) / 1_000_000
        let fraction = String(1000 + milliseconds % 1000).dropFirst()
        report("first reading acknowledged at \(milliseconds / 1000).\(fraction) s after boot")
    }
}
