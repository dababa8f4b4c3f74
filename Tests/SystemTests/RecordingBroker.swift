import BrokerFixture
import Foundation

@testable import fwtool

/// A mosquitto with TLS that writes down every reading before it acknowledges it (Tests/MessageRecorder), so that neither a
/// subscriber nor the broker's own memory is a part of the proof: both lose messages when the broker is killed.
actor RecordingBroker {
    /// How the broker meets the device.
    enum Manner: Equatable {
        case welcoming
        /// It wants a user and a password.
        case wantsCredentials
        /// Its certificate is one of ``Certificates``.
        case certificate(String)
    }

    nonisolated let port: Int
    private let folder: URL
    private let plugin: URL
    private var process: EmulatorProcess?
    /// How much of each run's file is read.
    private var offsets: [UInt64] = []

    /// - Parameter folder: an existing one for its files.
    init(in folder: URL) throws {
        self.folder = folder
        port = try freePort()
        plugin = folder.appendingPathComponent("message-recorder.so")
        let source = Machine.checkout.appendingPathComponent("Tests/MessageRecorder/message-recorder.c")
        // The compiler that comes with Swift.
        try Command(
            try SwiftToolchain.onPath().tool("clang"),
            ["-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC", "-o", plugin.path, source.path]
        ).run()
    }

    func start(_ manner: Manner = .welcoming) async throws {
        offsets.append(0)
        let certificate = if case .certificate(let name) = manner { name } else { "good" }
        // Run by root, mosquitto would become another user and thereby lose its tie to our life.
        let text = """
            user root
            listener \(port) 127.0.0.1
            persistence false
            \(try Certificates.brokerSettings(certificate, anonymous: manner != .wantsCredentials))
            plugin \(plugin.path)
            plugin_opt_file \(file(offsets.count - 1).path)
            log_dest stderr
            """
        let configuration = folder.appendingPathComponent("broker.conf")
        try Data(text.utf8).write(to: configuration)
        let process = try await EmulatorProcess.start(.mosquitto, ["-c", configuration.path])
        self.process = process
        try await process.errors.wait(for: " running", deadline: .seconds(240))
    }

    /// Ends it in order, if it runs.
    func stop() async {
        await process?.stop()
        process = nil
    }

    /// Ends it as a power cut does, if it runs.
    func kill() async {
        await process?.kill()
        process = nil
    }

    /// A file for each run: of one that was killed the last message may be cut short.
    private func file(_ run: Int) -> URL { folder.appendingPathComponent("messages-\(run)") }

    /// The messages taken over since the last call, in their order.
    func newMessages() throws -> [String] {
        var messages: [String] = []
        for run in offsets.indices {
            guard let handle = try? FileHandle(forReadingFrom: file(run)) else { continue }
            defer { try? handle.close() }
            try handle.seek(toOffset: offsets[run])
            let bytes = try handle.readToEnd().map { [UInt8]($0) } ?? []
            var start = 0
            while bytes.count - start >= 4 {
                let length = (0..<4).reduce(0) { $0 | Int(bytes[start + $1]) << (8 * $1) }
                let end = start + 4 + length
                guard end <= bytes.count else { break }
                messages.append(String(decoding: bytes[(start + 4)..<end], as: UTF8.self))
                start = end
            }
            offsets[run] += UInt64(start)
        }
        return messages
    }
}
