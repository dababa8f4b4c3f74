import Foundation

/// A private MQTT broker on the developer's machine, and a subscriber to every device's readings.
///
/// It listens on the loopback interface only; an emulated board reaches it as 10.0.2.2, the host's address in QEMU's
/// user network.
final class EmulatorBroker: Sendable {
    let port: UInt16
    private let broker: EmulatorProcess
    private let subscriber: EmulatorProcess

    /// The broker's URL as the emulated board sees it.
    var urlForGuest: String { "mqtt://10.0.2.2:\(port)" }

    private init(port: UInt16, broker: EmulatorProcess, subscriber: EmulatorProcess) {
        self.port = port
        self.broker = broker
        self.subscriber = subscriber
    }

    /// Runs mosquitto on a free port while `body` runs, which starts once the subscription stands.
    ///
    /// - Parameter folder: an existing folder for the configuration.
    static func with<T: Sendable>(
        in folder: URL, _ body: @Sendable (EmulatorBroker) async throws -> T
    ) async throws -> T {
        let broker = try await start(in: folder)
        do {
            let result = try await body(broker)
            await broker.stop()
            return result
        } catch {
            await broker.stop()
            throw error
        }
    }

    private static func start(in folder: URL) async throws -> EmulatorBroker {
        // Another program may take the port between its choice and mosquitto's start; three such accidents in a row
        // are none.
        var attempt = 0
        while true {
            attempt += 1
            do { return try await start(on: try freePort(), in: folder) } catch {
                if attempt == 3 || error is CancellationError { throw error }
            }
        }
    }

    private static func start(on port: UInt16, in folder: URL) async throws -> EmulatorBroker {
        let configuration = folder.appendingPathComponent("mosquitto.conf")
        // Run by root, mosquitto would become another user and thereby lose its tie to our life.
        let text = """
            listener \(port) 127.0.0.1
            allow_anonymous true
            persistence false
            user root
            log_dest stderr
            log_type all
            """
        try Data(text.utf8).write(to: configuration)
        let broker = try await EmulatorProcess.start(.mosquitto, ["-c", configuration.path])
        do {
            try await broker.errors.wait(for: " running", deadline: .seconds(60))
            let subscriber = try await EmulatorProcess.start(
                .mosquittoSub, ["-h", "127.0.0.1", "-p", "\(port)", "-q", "1", "-t", "apus/+/readings", "-F", "%t %p"])
            do {
                try await broker.errors.wait(for: "Sending SUBACK", deadline: .seconds(60))
            } catch {
                await subscriber.stop()
                throw error
            }
            return EmulatorBroker(port: port, broker: broker, subscriber: subscriber)
        } catch {
            await broker.stop()
            if error is CancellationError { throw error }
            throw FwtoolError("the MQTT broker mosquitto does not start: \(broker.errors.tail())")
        }
    }

    struct Message: Sendable {
        /// The device that published it, from its topic `apus/<device>/readings`.
        var device: String
        /// SenML as it came.
        var payload: String
    }

    /// Waits for the next message, however long that takes.
    ///
    /// - Throws: `FwtoolError` when the broker has ended.
    func nextMessage() async throws -> Message {
        let line = try await subscriber.output.nextLine()
        let words = line.split(separator: " ", maxSplits: 1)
        let topic = words.first?.split(separator: "/") ?? []
        return Message(device: topic.count == 3 ? String(topic[1]) : "?", payload: words.last.map(String.init) ?? "")
    }

    private func stop() async {
        await subscriber.stop()
        await broker.stop()
    }

    /// A TCP port nobody listens on at this moment.
    private static func freePort() throws -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(descriptor, generic, size) == 0 ? getsockname(descriptor, generic, &size) : -1
            }
        }
        guard result == 0 else { throw FwtoolError("no free TCP port: \(String(cString: strerror(errno)))") }
        return UInt16(bigEndian: address.sin_port)
    }
}
