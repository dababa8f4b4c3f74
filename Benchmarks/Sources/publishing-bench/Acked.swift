import Glibc
import Publishing

/// Messages that a broker acknowledges, through the connection that the publisher uses.
enum Acked {
    static func measure(port: Int, milliseconds: Int, window: Int, bytes: Int) async throws {
        let settings = MQTTSettings(brokers: try BrokerURL.list("mqtt://127.0.0.1:\(port)"), clientID: "bench")
        let connection = try MQTTConnection(settings) { _, _ in }
        let exchange = connection.exchange
        let payload = [UInt8](repeating: 0x20, count: bytes)
        var session: UInt64?
        while session == nil {
            _ = try await exchange.changes.receive()
            session = exchange.progress().session
        }
        guard let session else { return }
        var sent: UInt64 = 0
        var acknowledged = 0
        let start = PublishingBench.time(CLOCK_MONOTONIC)
        let cpu = PublishingBench.time(CLOCK_PROCESS_CPUTIME_ID)
        let end = start + Int64(milliseconds) * 1_000_000
        while PublishingBench.time(CLOCK_MONOTONIC) < end {
            while Int(sent) - acknowledged < window {
                sent += 1
                let message = MQTTExchange.Message(number: sent, topic: "s/1/r", payload: payload)
                guard exchange.send(message, in: session) else { fatalError("the broker went away") }
            }
            _ = try await exchange.changes.receive()
            acknowledged += exchange.progress().acknowledged.count
        }
        let seconds = Double(PublishingBench.time(CLOCK_MONOTONIC) - start) / 1e9
        let used = Double(PublishingBench.time(CLOCK_PROCESS_CPUTIME_ID) - cpu) / 1000
        PublishingBench.result("rate", Double(acknowledged) / seconds)
        PublishingBench.result("cpu.us", used / Double(acknowledged))
    }
}
