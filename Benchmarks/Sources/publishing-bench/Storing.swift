import Glibc
import Publishing
import Sensors
import Supervision

/// Readings into the outbox's files.
enum Storing {
    /// Batches, each until it is on disk, for so many milliseconds.
    static func insert(folder: String, milliseconds: Int, batch: Int) async throws {
        let publisher = publisher(folder)
        let readings = readings(batch)
        try await publisher.store(readings)
        let start = PublishingBench.time(CLOCK_MONOTONIC)
        let cpu = PublishingBench.time(CLOCK_PROCESS_CPUTIME_ID)
        let before = try bytesWritten()
        let end = start + Int64(milliseconds) * 1_000_000
        var count = 0
        while PublishingBench.time(CLOCK_MONOTONIC) < end {
            try await publisher.store(readings)
            count += batch
        }
        let seconds = Double(PublishingBench.time(CLOCK_MONOTONIC) - start) / 1e9
        PublishingBench.result("rate", Double(count) / seconds)
        PublishingBench.result(
            "cpu.us", Double(PublishingBench.time(CLOCK_PROCESS_CPUTIME_ID) - cpu) / 1000 / Double(count))
        PublishingBench.result("bytes", Double(try bytesWritten() - before) / Double(count))
    }

    /// As ten sensors at 1 Hz would without a broker and with the default durability, but without their pauses: so many
    /// windows.
    static func windows(folder: String, count: Int) async throws {
        let publisher = publisher(folder)
        let readings = readings(window)
        try await publisher.store(readings)
        let before = try bytesWritten()
        for _ in 0..<count { try await publisher.store(readings) }
        PublishingBench.result("bytes", Double(try bytesWritten() - before) / Double(count * readings.count))
        // What the peer is to have in a transaction.
        PublishingBench.result("batch", Double(readings.count))
    }

    /// The same readings with a broker, which acknowledges each in time.
    static func acknowledged(folder: String, port: Int, count: Int) async throws {
        let publisher = publisher(folder, port: port)
        let supervisor = try Supervisor("bench", children: [publisher.childSpec]) { _ in }
        let running = Task { try await supervisor.run() }
        while await !publisher.statistics.isConnected { try await Task.sleep(for: .milliseconds(10)) }
        let before = try bytesWritten()
        for _ in 0..<count {
            try await publisher.mailbox.send(contentsOf: readings(window))
            while await publisher.statistics.waiting > 0 { try await Task.sleep(for: .milliseconds(1)) }
        }
        PublishingBench.result("bytes", Double(try bytesWritten() - before) / Double(count * window))
        running.cancel()
        try? await running.value
    }

    /// - Parameter port: of a broker; 1 is one that nobody listens on.
    static func publisher(_ folder: String, port: Int = 1) -> Publisher {
        var options = OutboxOptions(folder: folder)
        options.bytes = 1 << 30
        return Publisher(to: .mqtt("mqtt://127.0.0.1:\(port)"), device: "bench", outbox: options)
    }

    /// What ten sensors read at 1 Hz in the default window of durability.
    private static var window: Int {
        guard case .window(let time) = OutboxOptions(folder: nil).durability else { return 1 }
        return max(1, Int(10 * (time / .seconds(1))))
    }

    /// Of ten sensors in turn.
    static func readings(_ count: Int) -> [Reading] {
        (0..<count).map { index in
            Reading(
                sensor: "sensor-\(index % 10)", quantity: .temperature, value: .number(20 + Double(index % 160) / 16),
                at: UInt64(PublishingBench.time(CLOCK_MONOTONIC)) + UInt64(index) * 100_000_000)
        }
    }

    /// What this process has made the kernel write to disk (proc(5), /proc/self/io).
    private static func bytesWritten() throws -> Int {
        let prefix = "write_bytes: "
        guard let file = fopen("/proc/self/io", "r") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 128)
        while fgets(&line, 128, file) != nil {
            let text = String(
                decoding: line.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if text.hasPrefix(prefix), let number = Int(text.dropFirst(prefix.utf8.count)) { return number }
        }
        return 0
    }
}
