import Foundation

/// Readings that waited on disk for their broker: how fast they go, and what memory that takes.
struct BacklogFigures: Figure {
    let names = ["backlog.rate", "backlog.rss"]

    /// Odd, so that medians are values that were seen.
    private static let rounds = 5
    private static let readings = "1000000"

    func measure(_ place: Workplace) throws -> [Record] {
        let load = try Workplace.load()
        let versions = try Versions.checkout(place)
        // Below the checkout, for the temporary folder may lie in memory.
        let folder = place.root.appendingPathComponent("build/bench/backlog-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let filled = folder.appendingPathComponent("filled")
        _ = try place.run(Self.ours(place), "fill", filled.path, Self.readings)
        let broker = try Mosquitto(place)
        defer { broker.stop() }
        var rates: [Record.Value] = []
        var memory: [Record.Value] = []
        for round in 1...Self.rounds {
            var ours: [String: Double] = [:]
            var peer = 0.0
            // Each goes first in turn: a machine that gets slower or faster favours neither.
            for isOurs in round.isMultiple(of: 2) ? [false, true] : [true, false] {
                if isOurs {
                    let copy = folder.appendingPathComponent("round")
                    try? FileManager.default.removeItem(at: copy)
                    try FileManager.default.copyItem(at: filled, to: copy)
                    ours = try Self.results(
                        place.run(Self.ours(place), "drain", copy.path, "\(broker.port)").output)
                } else {
                    let rows = folder.appendingPathComponent("rows-\(round).db").path
                    let stored = try Self.results(place.run(Self.peer("sqlite-bench"), rows, "1500", "1000").output)
                    let acked = try Self.results(
                        place.run(
                            Self.peer("mosquitto-bench"), "acked", "\(broker.port)", "1500", "100", "64"
                        ).output)
                    peer = min(stored["rate"] ?? 0, acked["rate"] ?? 0)
                }
            }
            guard let rate = ours["rate"], let bytes = ours["rss.bytes"], peer > 0 else {
                throw BenchError("there are no results")
            }
            rates.append(.init(ours: rate, peer: peer))
            memory.append(.init(ours: bytes))
            Bench.say(
                String(
                    format: "round %d of %d, backlog: %.0f readings/s (slower peer %.0f), %.0f bytes", round,
                    Self.rounds,
                    rate, peer, bytes))
        }
        return [
            try Record("backlog.rate", .perSecond, rates, versions: versions, load: load),
            try Record("backlog.rss", .bytes, memory, versions: versions, load: load),
        ]
    }

    private static func ours(_ place: Workplace) -> String {
        place.root.appendingPathComponent(".build/release/publishing-bench").path
    }

    /// Built by `make bench` beside this program.
    private static func peer(_ name: String) -> String {
        URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appendingPathComponent(name).path
    }

    private static func results(_ text: String) throws -> [String: Double] {
        var results: [String: Double] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, let value = Double(parts[1]) else {
                throw BenchError("what was printed is no result: \(line)")
            }
            results[String(parts[0])] = value
        }
        return results
    }
}
