import Sensors
import Supervision

@testable import Publishing

/// A transport with an outbox in memory behind it, whose numbers begin at 1.
actor SerialLink {
    /// The transport's lines and the outbox's.
    nonisolated let console = Lines()
    private let outbox: Outbox
    private let transport: SerialTransport
    private var session: UInt64?
    private var count = 0

    init(interval: Duration = .zero, _ makeReceiver: @escaping @Sendable () -> any Receiver) async throws {
        let report: @Sendable (String) -> Void = { [console] in console.append($0) }
        outbox = try Outbox(OutboxOptions(folder: nil), transports: ["test"], start: 1, report: report)
        transport = try SerialTransport(
            interval: interval, retry: Backoff(initial: .milliseconds(20), maximum: .milliseconds(100)), report: report,
            makeReceiver)
        await outbox.open()
    }

    /// With options as an app gives them, but for the interval.
    init(
        _ options: HTTPOptions, interval: Duration = .zero,
        configure: (inout HTTPReceiver.Settings) -> Void = { _ in }
    ) async throws {
        var settings = try options.settings(device: "device-1")
        configure(&settings)
        let fixed = settings
        try await self.init(interval: interval) { HTTPReceiver(fixed) }
    }

    /// Accepts as many readings, whose values are their numbers.
    /// - Parameter isClockSet: whether they have times; otherwise they were taken in a boot of which no time is known.
    func accept(_ number: Int, isClockSet: Bool = true) async throws {
        let readings = (count..<count + number).map { index in
            Reading(
                sensor: "probe", quantity: .temperature, value: .number(Double(index + 1)),
                wallTime: isClockSet ? 1_700_000_000_000_000_000 + Int64(index) : nil, monotonicTime: 0,
                bootID: "test-boot", sequence: 0)
        }
        count += number
        try await outbox.accept(readings)
    }

    /// Does a publisher's work until a session begins.
    func connect() async throws {
        while session == nil { try await step() }
    }

    /// Does a publisher's work until all is delivered.
    func drain() async throws {
        while await outbox.lag(0) > 0 { try await step() }
    }

    var status: OutboxStatus { get async { await outbox.status } }

    private func step() async throws {
        _ = try await transport.changes.receive()
        let progress = transport.progress()
        await outbox.settle(
            0, acknowledged: progress.acknowledged, rejected: progress.rejected.map { ($0.number, $0.reason) })
        guard progress.session != session else { return }
        session = progress.session
        if let session {
            await outbox.connect(0, transport.link(session))
        } else {
            await outbox.disconnect(0)
        }
    }
}
