import Foundation

/// A mosquitto that keeps nothing.
final class Mosquitto {
    let port: Int
    private let process: Process

    init(_ place: Workplace) throws {
        // Another each time, above the registered ones: one that is taken makes the broker end, and the figure fail.
        port = Int.random(in: 50_000..<60_000)
        let configuration = place.scratch.appendingPathComponent("mosquitto.conf")
        try """
        user root
        listener \(port) 127.0.0.1
        allow_anonymous true
        persistence false
        max_inflight_messages 1000
        max_queued_messages 200000
        set_tcp_nodelay true
        log_type error

        """.write(to: configuration, atomically: true, encoding: .utf8)
        process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/sbin/mosquitto")
        process.arguments = ["-c", configuration.path]
        process.standardInput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        // Until it listens; both sides connect again by themselves.
        Thread.sleep(forTimeInterval: 0.5)
        guard process.isRunning else { throw BenchError("mosquitto does not run with \(configuration.path)") }
    }

    func stop() { process.terminate() }
}
