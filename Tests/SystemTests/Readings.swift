import Foundation

@testable import fwtool

/// The readings that reach the broker, in the order they arrive.
actor Readings {
    private let broker: EmulatorBroker
    private let deadline: Duration
    private var waiting: [SenMLPack.Record] = []
    /// All that `next` has looked at.
    private(set) var seen: [SenMLPack.Record] = []

    init(broker: EmulatorBroker, deadline: Duration) {
        self.broker = broker
        self.deadline = deadline
    }

    /// Waits for the next reading that fulfils a condition; those before it are skipped.
    ///
    /// - Parameter what: names it in the error: "no reading ... arrived".
    func next(
        _ what: String, where condition: @escaping @Sendable (SenMLPack.Record) -> Bool
    ) async throws -> SenMLPack.Record {
        try await Deadline.within(deadline, "no reading \(what) arrived") { [self] in try await search(condition) }
    }

    private func search(_ condition: @Sendable (SenMLPack.Record) -> Bool) async throws -> SenMLPack.Record {
        while true {
            while !waiting.isEmpty {
                let record = waiting.removeFirst()
                seen.append(record)
                if condition(record) { return record }
            }
            waiting += try SenMLPack(parsing: try await broker.nextMessage().payload).records
        }
    }

    /// Waits for a number of a sensor.
    func next(from sensor: String, _ value: Double) async throws -> SenMLPack.Record {
        try await next("\(value) from \(sensor)") { $0.name.contains("/\(sensor)/") && $0.value == .number(value) }
    }

    /// Waits for any reading of a sensor.
    func next(from sensor: String) async throws -> SenMLPack.Record {
        try await next("from \(sensor)") { $0.name.contains("/\(sensor)/") }
    }
}
