import Foundation

/// How fast the outbox is, beside SQLite as a C program uses it.
struct StoringFigures: Figure {
    let names = ["outbox.insert.100", "outbox.insert.100.cpu", "outbox.insert.1000", "outbox.insert.1000.cpu"]

    /// Odd, so that medians are values that were seen.
    private static let rounds = 5

    func measure(_ place: Workplace) throws -> [Record] {
        let load = try Workplace.load()
        let versions = try Versions.checkout(place)
        var records: [Record] = []
        for batch in ["100", "1000"] {
            var rates: [Record.Value] = []
            var cpu: [Record.Value] = []
            for round in 1...Self.rounds {
                var results: [Bool: [String: Double]] = [:]
                // Each goes first in turn: a machine that gets slower or faster favours neither.
                for isOurs in round.isMultiple(of: 2) ? [false, true] : [true, false] {
                    let folder = try Self.folder(place)
                    defer { try? FileManager.default.removeItem(at: folder) }
                    let output =
                        isOurs
                        ? try place.run(Self.ours(place), "insert", folder.path, "1500", batch).output
                        : try place.run(Self.peer, folder.appendingPathComponent("rows.db").path, "1500", batch).output
                    results[isOurs] = Self.results(output)
                }
                func value(_ key: String) throws -> Record.Value {
                    guard let ours = results[true]?[key], let peer = results[false]?[key] else {
                        throw BenchError("there is no result \(key)")
                    }
                    return .init(ours: ours, peer: peer)
                }
                rates.append(try value("rate"))
                cpu.append(try value("cpu.us"))
                Bench.say(
                    String(
                        format: "round %d of %d, batches of %@: %.0f readings/s (SQLite %.0f), %.2f us (%.2f)", round,
                        Self.rounds, batch, rates[round - 1].ours, rates[round - 1].peer ?? 0, cpu[round - 1].ours,
                        cpu[round - 1].peer ?? 0))
            }
            records.append(try Record("outbox.insert.\(batch)", .perSecond, rates, versions: versions, load: load))
            records.append(
                try Record("outbox.insert.\(batch).cpu", .microseconds, cpu, versions: versions, load: load))
        }
        return records
    }

    /// Below the checkout, for the temporary folder may lie in memory.
    static func folder(_ place: Workplace) throws -> URL {
        let folder = place.root.appendingPathComponent("build/bench/outbox-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }

    static func ours(_ place: Workplace) -> String {
        place.root.appendingPathComponent(".build/release/publishing-bench").path
    }

    static var peer: String {
        URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appendingPathComponent(
            "sqlite-bench"
        )
        .path
    }

    static func results(_ text: String) -> [String: Double] {
        var results: [String: Double] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1)
            if parts.count == 2 { results[String(parts[0])] = Double(parts[1]) }
        }
        return results
    }
}
