internal import Glibc
internal import Sensors

/// The way to an MQTT broker: a connection, and what readings become on it.
struct MQTTTransport: Sendable {
    let name: String
    private let connection: MQTTConnection
    private let encoding: Encoding

    var exchange: MQTTExchange { connection.exchange }

    /// The connection begins at once, and ends when this is released.
    /// - Parameter report: takes every change of the broker's state in words.
    /// - Throws: what is wrong with the URL, or why the system has no thread to give.
    init(
        _ name: String, url: String, device: String, report: @escaping @Sendable (String) -> Void,
        configure: (inout MQTTSettings) -> Void
    ) throws {
        self.name = name
        let broker = try BrokerURL(url)
        encoding = Encoding(device: device)
        var settings = MQTTSettings(broker: broker, clientID: "apus-\(device)", topic: "apus/\(device)/readings")
        configure(&settings)
        connection = try MQTTConnection(settings) { state in report(state.text(broker.address)) }
    }

    /// For as long as this connection of the exchange lasts.
    func link(_ session: UInt64) -> any OutboxLink {
        Link(exchange: connection.exchange, session: session, encoding: encoding)
    }

    private struct Encoding: Sendable {
        let device: String

        func payload(_ content: OutboxMessage.Content) -> [UInt8]? {
            let present = SenML.Present(monotonicTime: DeviceClock.monotonicTime, bootID: BootID.current)
            switch content {
            // The outbox takes no reading that cannot be written.
            case .readings(let readings): return try? SenML.pack(readings, device: device, present: present)
            case .gap(let gap):
                let gap = SenML.Gap(
                    numbers: gap.first...gap.last, reason: gap.reason.name, wallTime: gap.wallTime)
                return try? SenML.pack([], gaps: [gap], device: device, present: present)
            }
        }
    }

    private struct Link: OutboxLink {
        let exchange: MQTTExchange
        let session: UInt64
        let encoding: Encoding

        /// With full messages far more than any link's bandwidth times delay, and less than the 20 that mosquitto allows a
        /// client by default.
        var window: Int { 16 }

        /// Some four kilobytes, which every broker takes.
        var limit: Int { 64 }

        func canShare(_ first: Reading, _ second: Reading) -> Bool { SenML.canShareAPack(first, second) }

        func send(_ message: OutboxMessage) -> Bool {
            guard let payload = encoding.payload(message.content) else { return false }
            return exchange.send(MQTTExchange.Message(number: message.number, payload: payload), in: session)
        }
    }
}
