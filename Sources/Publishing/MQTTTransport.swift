internal import Sensors
internal import Supervision

/// The way to an MQTT broker: a connection, and what readings become on it.
struct MQTTTransport: Transport {
    private let connection: MQTTConnection
    private let encoding: MQTTEncoding
    private let homeAssistant: HomeAssistant?

    var changes: Mailbox<Void> { connection.exchange.changes }

    func progress() -> TransportProgress { connection.exchange.progress() }

    /// The connection begins at once, and ends when this is released.
    /// - Parameter report: takes every change of a broker's state in words.
    /// - Throws: what is not valid in the options, or why the system has no thread to give.
    init(
        _ options: MQTTOptions, device: String, report: @escaping @Sendable (String) -> Void,
        configure: (inout MQTTSettings) -> Void
    ) throws {
        encoding = try MQTTEncoding(options, device: device)
        var settings = try options.settings(device: device)
        let status = settings.status?.topic
        homeAssistant = try options.homeAssistant.map { try HomeAssistant($0, device: device, status: status) }
        configure(&settings)
        connection = try MQTTConnection(settings) { state, address in report(state.text(address)) }
    }

    func stop() { connection.exchange.stop() }

    func show(_ readings: [Reading]) {
        homeAssistant?.show(readings, on: connection.exchange)
    }

    func link(_ session: UInt64) -> any OutboxLink {
        Link(exchange: connection.exchange, session: session, encoding: encoding)
    }

    private struct Link: OutboxLink {
        let exchange: MQTTExchange
        let session: UInt64
        let encoding: MQTTEncoding

        /// With full messages far more than any link's bandwidth times delay, and less than the 20 that mosquitto allows a
        /// client by default.
        var window: Int { 16 }

        /// Some four kilobytes, which every broker takes.
        var limit: Int { 64 }

        func canShare(_ first: Reading, _ second: Reading) -> Bool { encoding.canShare(first, second) }

        func send(_ message: OutboxMessage) -> Bool {
            let present = SenML.Present(monotonicTime: DeviceClock.monotonicTime, bootID: BootID.current)
            switch message.content {
            case .readings(let readings):
                // The outbox takes no reading that cannot be written.
                guard let message = try? encoding.message(message.number, readings, present: present) else {
                    return false
                }
                return exchange.send(message, in: session)
            case .gap(let gap):
                let gap = SenML.Gap(numbers: gap.first...gap.last, reason: gap.reason.name, wallTime: gap.wallTime)
                return exchange.send(encoding.message(message.number, gap, present: present), in: session)
            }
        }
    }
}
