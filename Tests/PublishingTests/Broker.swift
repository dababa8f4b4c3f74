import BrokerFixture
import Foundation

/// A mosquitto of our own on a free loopback port, with a receiver whose subscription it keeps over restarts: what the
/// broker took over reaches the receiver, whenever either of them comes back.
final class Broker {
    let port: Int
    private let folder: URL
    private var process: ChildProcess?
    private var receiver: ChildProcess?
    private var followers: [ChildProcess] = []

    /// - Parameter settings: what the configuration says about who may do what.
    init(_ settings: String = "allow_anonymous true") throws {
        port = try freePort()
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("apus-broker-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try configure(settings)
    }

    deinit {
        // Before its folder goes.
        followers = []
        process = nil
        try? FileManager.default.removeItem(at: folder)
    }

    func configure(_ settings: String) throws {
        // Every change is saved at once, so that a kill loses nothing. In a container there is no other user to become.
        // A number, where 0 would mean any: with 0, mosquitto 2.0.11 drops a client after turning away a message of its.
        let text = """
            user root
            listener \(port) 127.0.0.1
            persistence true
            persistence_location \(folder.path)/
            autosave_on_changes true
            autosave_interval 1
            max_queued_messages 1000000
            max_inflight_messages 0
            log_dest stderr
            log_type all
            \(settings.replacingOccurrences(of: "FOLDER", with: folder.path))

            """
        try text.write(to: folder.appendingPathComponent("mosquitto.conf"), atomically: true, encoding: .utf8)
    }

    func write(_ text: String, to name: String) throws {
        try text.write(to: folder.appendingPathComponent(name), atomically: true, encoding: .utf8)
    }

    func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    func url(credentials: String = "") -> String { "mqtt://\(credentials)127.0.0.1:\(port)" }

    func setPassword(_ password: String, of user: String) throws {
        try write("\(user):\(password)\n", to: "passwords")
        // Hashes the passwords of the file.
        try Process.run(
            URL(fileURLWithPath: "/usr/bin/mosquitto_passwd"), arguments: ["-U", path("passwords")]
        ).waitUntilExit()
    }

    var log: Lines { process?.output ?? Lines() }

    func start() async throws {
        let process = try ChildProcess([
            "/usr/sbin/mosquitto", "-c", path("mosquitto.conf"),
        ])
        self.process = process
        try await process.output.next(containing: "running")
    }

    /// Ends the broker: KILL as a power cut does, TERM in order.
    func stop(_ signal: String) async throws {
        try process?.send(signal)
        await process?.end()
        process = nil
    }

    /// Lets the broker read its configuration again.
    func reload() throws {
        try process?.send("HUP")
    }

    /// Subscribes a receiver to all readings, and returns when the broker has noted it.
    /// - Returns: a line for every message: topic, blank, payload.
    func subscribe(_ credentials: [String] = []) async throws -> Lines {
        // mosquitto_sub connects again by itself. stdbuf, because it buffers what it writes to a pipe. It takes any number
        // of messages at once, so that none waits in the broker's memory while the receiver is there.
        let receiver = try ChildProcess(
            [
                "/usr/bin/stdbuf", "-oL", "/usr/bin/mosquitto_sub", "-h", "127.0.0.1", "-p", String(port), "-V", "5",
                "-c", "-i", "receiver", "-x", "3600", "-q", "1", "-D", "connect", "receive-maximum", "65535", "-t",
                "apus/+/readings", "-F", "%t %p",
            ] + credentials)
        self.receiver = receiver
        try await log.next(containing: "Sending SUBACK to receiver")
        return receiver.output
    }

    /// Follows a topic without a session, and returns when the broker has noted it.
    /// - Returns: a line for every message: topic, blank, payload.
    func follow(_ topic: String) async throws -> Lines {
        let name = "follower-\(followers.count)"
        let follower = try ChildProcess([
            "/usr/bin/stdbuf", "-oL", "/usr/bin/mosquitto_sub", "-h", "127.0.0.1", "-p", String(port), "-V", "5", "-i",
            name, "-q", "1", "-t", topic, "-F", "%t %p",
        ])
        followers.append(follower)
        try await log.next(containing: "Sending SUBACK to \(name)")
        return follower.output
    }
}
