import Foundation
import Sensors

@testable import Publishing

/// A folder for an outbox, removed with this object.
final class OutboxPlace: Sendable {
    let folder: String

    init(in parent: String = FileManager.default.temporaryDirectory.path) {
        folder = "\(parent)/apus-outbox-\(UUID())/data/outbox"
    }

    deinit {
        try? FileManager.default.removeItem(
            at: URL(fileURLWithPath: folder).deletingLastPathComponent().deletingLastPathComponent())
    }

    func path(_ name: String) -> String { "\(folder)/\(name)" }

    func bytes(_ name: String) -> [UInt8] {
        FileManager.default.contents(atPath: path(name)).map { Array($0) } ?? []
    }

    func write(_ bytes: [UInt8], to name: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path(name)))
    }

    /// How often the file of the numbers was written: the newer generation of its two copies.
    var sequenceWrites: UInt64 {
        let bytes = bytes("sequence")
        return [8, 4096 + 8].map { offset in
            bytes.dropFirst(offset).prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }.max() ?? 0
    }

    func store(_ limits: OutboxStore.Limits = .init(bytes: 8 << 20, age: 1 << 30)) throws -> OutboxStore {
        try OutboxStore(folder: folder, limits: limits, wallTime: { 1_700_000_000_000_000_000 })
    }
}

/// The readings of some sensors in turn, each recognisable by its number.
func sampleReading(_ number: UInt64, boot: String = "test-boot") -> Reading {
    let sensor = number % 3
    // Numbers begin anywhere below 2^52.
    let time = number % 1_000_000_000 * 100_000_017
    return Reading(
        sensor: "sensor-\(sensor)", quantity: sensor == 2 ? .pressed : .temperature,
        value: sensor == 2 ? .bool(number.isMultiple(of: 2)) : .number(Double(number) / (sensor == 0 ? 4 : 10)),
        wallTime: number.isMultiple(of: 5) ? nil : 1_700_000_000_000_000_000 + Int64(time),
        monotonicTime: time, bootID: boot, sequence: number)
}

func sampleEntries(_ numbers: some Sequence<UInt64>, boot: String = "test-boot") -> [OutboxEntry] {
    numbers.map { .reading(sampleReading($0, boot: boot)) }
}

extension OutboxStore {
    /// Everything behind a number, as a transport would read it.
    func all(after number: UInt64, settled: UInt64, stored: UInt64) throws -> [OutboxEntry] {
        var entries: [OutboxEntry] = []
        var position = number
        while position < stored {
            let portion = try self.entries(after: position, settled: settled, stored: stored).entries
            guard let last = portion.last else { break }
            entries += portion
            position = last.last
        }
        return entries
    }
}
