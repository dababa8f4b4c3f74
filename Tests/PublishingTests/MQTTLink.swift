import Supervision

@testable import Publishing

/// A connection, and what a publisher does with it: every message is sent until it is settled.
actor MQTTLink {
    /// The states as the console shows them.
    let states = Lines()
    private(set) var rejections: [TransportProgress.Rejection] = []
    private(set) var sessions = 0
    /// The broker of the latest session.
    private(set) var broker: String?
    private var connection: MQTTConnection?
    private var session: UInt64?
    private var number: UInt64 = 0

    init(_ urls: String, configure: @Sendable (inout MQTTSettings) -> Void = { _ in }) throws {
        var settings = MQTTSettings(brokers: try BrokerURL.list(urls), clientID: "link")
        settings.retry = Backoff(initial: .milliseconds(20), maximum: .milliseconds(200))
        // Longer than a busy machine may take.
        settings.answerMilliseconds = 60_000
        configure(&settings)
        connection = try MQTTConnection(settings) { [states] state, address in
            states.append(state.text(address))
        }
    }

    var exchange: MQTTExchange? { connection?.exchange }

    /// Ends the connection in order.
    func close() { connection = nil }

    /// Sends messages and waits until each is acknowledged or rejected.
    /// - Parameter window: how many at once.
    func deliver(_ payloads: [String], on topic: String = "apus/link/readings", window: Int = 100) async throws {
        try await deliver(payloads.map { (topic, Array($0.utf8)) }, window: window)
    }

    func deliver(_ messages: [(topic: String, payload: [UInt8])], window: Int = 100) async throws {
        guard let exchange else { return }
        var open = messages.map { message in
            number += 1
            return MQTTExchange.Message(number: number, topic: message.topic, payload: message.payload)
        }
        var sent = 0
        while true {
            let progress = exchange.progress()
            var settled = Set(progress.acknowledged + progress.rejected.map(\.number))
            rejections += progress.rejected
            // Acknowledgements come in any order; what is settled leaves.
            let before = open.prefix(sent).count { settled.contains($0.number) }
            open.removeAll { settled.remove($0.number) != nil }
            sent -= before
            if progress.session != session {
                session = progress.session
                sent = 0
                if session != nil {
                    sessions += 1
                    broker = progress.broker
                }
            }
            if open.isEmpty { return }
            if let session {
                while sent < min(open.count, window), exchange.send(open[sent], in: session) { sent += 1 }
            }
            _ = try await exchange.changes.receive()
        }
    }
}
