import Glibc
import Publishing
import Sensors
import Supervision

/// Readings that have waited on disk for their broker.
enum Backlog {
    /// Stores so many, for another process to find.
    static func fill(folder: String, count: Int) async throws {
        let publisher = Storing.publisher(folder)
        let batch = 1000
        for _ in 0..<(count / batch) { try await publisher.store(Storing.readings(batch)) }
    }

    /// Delivers what is stored.
    static func drain(folder: String, port: Int) async throws {
        // A device was connected before it had a backlog: what code and libraries take for that is no growth.
        try await deliver(Storing.readings(1000), port: port)
        let publisher = Storing.publisher(folder, port: port)
        // Opens the outbox, and reads through it once, before there is a connection.
        try await publisher.store(Storing.readings(1))
        let count = await publisher.statistics.waiting
        try resetPeak()
        let before = try memory("VmRSS")
        let start = PublishingBench.time(CLOCK_MONOTONIC)
        let cpu = PublishingBench.time(CLOCK_PROCESS_CPUTIME_ID)
        let supervisor = try Supervisor("bench", children: [publisher.childSpec]) { _ in }
        let running = Task { try await supervisor.run() }
        while await publisher.statistics.waiting > 0 { try await Task.sleep(for: .milliseconds(1)) }
        let seconds = Double(PublishingBench.time(CLOCK_MONOTONIC) - start) / 1e9
        let used = Double(PublishingBench.time(CLOCK_PROCESS_CPUTIME_ID) - cpu) / 1000
        PublishingBench.result("rate", Double(count) / seconds)
        PublishingBench.result("cpu.us", used / Double(count))
        PublishingBench.result("rss.bytes", Double(try memory("VmHWM") - before))
        running.cancel()
        try? await running.value
    }

    /// Readings that wait nowhere, through a publisher that ends after that.
    private static func deliver(_ readings: [Reading], port: Int) async throws {
        let publisher = Publisher(
            to: .mqtt("mqtt://127.0.0.1:\(port)"), device: "bench", outbox: OutboxOptions(folder: nil))
        let supervisor = try Supervisor("bench", children: [publisher.childSpec]) { _ in }
        let running = Task { try await supervisor.run() }
        try await publisher.store(readings)
        running.cancel()
        try await running.value
    }

    /// Sets the peak of resident memory to its present value (proc(5), /proc/self/clear_refs).
    private static func resetPeak() throws {
        guard let file = fopen("/proc/self/clear_refs", "w"), fputs("5", file) >= 0, fclose(file) == 0 else {
            throw Failure(what: "/proc/self/clear_refs cannot be written")
        }
    }

    /// Bytes that a line of /proc/self/status tells in kB.
    private static func memory(_ name: String) throws -> Int {
        guard let file = fopen("/proc/self/status", "r") else { throw Failure(what: "there is no /proc/self/status") }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        while fgets(&line, 256, file) != nil {
            let text = line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            guard text.starts(with: "\(name):".utf8) else { continue }
            let digits = text.filter { (0x30...0x39).contains($0) }
            return (Int(String(decoding: digits, as: UTF8.self)) ?? 0) * 1024
        }
        throw Failure(what: "/proc/self/status has no \(name)")
    }

    private struct Failure: Error {
        let what: String
    }
}
