import Foundation

/// Publishing beside libmosquitto as a C program uses it, over a mosquitto of our own, and what a reading takes in bytes.
struct PublishingFigures: Figure {
    let names = [
        "wire.json", "wire.cbor", "wire.json.cpu", "wire.cbor.cpu", "mqtt.acked", "mqtt.acked.cpu", "latency.p50",
        "latency.p99",
    ]

    /// Odd, so that medians are values that were seen.
    private static let rounds = 5

    func measure(_ place: Workplace) throws -> [Record] {
        let load = try Workplace.load()
        let versions = try Versions.checkout(place)
        // The publisher's own number of readings in a message.
        let wire = try (0..<Self.rounds).map { _ in
            try results(place.run(Self.ours(place), "wire", "64", "2000").output)
        }
        var records: [Record] = []
        for (name, key, unit) in [
            ("wire.json", "json.bytes", Record.Unit.bytes), ("wire.cbor", "cbor.bytes", .bytes),
            ("wire.json.cpu", "json.us", .microseconds), ("wire.cbor.cpu", "cbor.us", .microseconds),
        ] {
            let values = try wire.map { Record.Value(ours: try result(key, of: $0)) }
            records.append(try Record(name, unit, values, versions: versions, load: load))
        }

        let broker = try Mosquitto(place)
        defer { broker.stop() }
        let port = "\(broker.port)"
        var acked: [Record.Value] = []
        var cpu: [Record.Value] = []
        var p50: [Record.Value] = []
        var p99: [Record.Value] = []
        for round in 1...Self.rounds {
            var rates: [Bool: [String: Double]] = [:]
            var latencies: [Bool: [String: Double]] = [:]
            // Each goes first in turn: a machine that gets slower or faster favours neither.
            for isOurs in round.isMultiple(of: 2) ? [false, true] : [true, false] {
                let program = isOurs ? Self.ours(place) : Self.peer(place)
                // Milliseconds, messages in flight, bytes.
                rates[isOurs] = try results(place.run(program, "acked", port, "1500", "100", "64").output)
                latencies[isOurs] = try latency(program, port, place)
            }
            func value(_ key: String, _ sides: [Bool: [String: Double]]) throws -> Record.Value {
                .init(ours: try result(key, of: sides[true] ?? [:]), peer: try result(key, of: sides[false] ?? [:]))
            }
            acked.append(try value("rate", rates))
            cpu.append(try value("cpu.us", rates))
            p50.append(try value("p50.us", latencies))
            p99.append(try value("p99.us", latencies))
            Bench.say(
                String(
                    format: "round %d of %d: %.0f acked/s (C %.0f), p50 %.0f us (C %.0f), p99 %.0f us (C %.0f)", round,
                    Self.rounds, acked[round - 1].ours, acked[round - 1].peer ?? 0, p50[round - 1].ours,
                    p50[round - 1].peer ?? 0, p99[round - 1].ours, p99[round - 1].peer ?? 0))
        }
        for (name, unit, values) in [
            ("mqtt.acked", Record.Unit.perSecond, acked), ("mqtt.acked.cpu", .microseconds, cpu),
            ("latency.p50", .microseconds, p50), ("latency.p99", .microseconds, p99),
        ] {
            records.append(try Record(name, unit, values, versions: versions, load: load))
        }
        return records
    }

    /// Built by `make bench`; see Package.swift for why it is the repository's and not this package's.
    private static func ours(_ place: Workplace) -> String {
        place.root.appendingPathComponent(".build/release/publishing-bench").path
    }

    /// Built by `make bench` beside this program.
    private static func peer(_ place: Workplace) -> String {
        URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appendingPathComponent(
            "mosquitto-bench"
        ).path
    }

    /// From the sender to a listener in C, the same for both.
    private func latency(_ sender: String, _ port: String, _ place: Workplace) throws -> [String: Double] {
        // Five seconds of 200 readings each.
        let script = #""$1" listen "$3" 1000 & "$2" latency "$3" 200 1000 >&2 && wait $!"#
        return try results(place.run("sh", "-c", script, "sh", Self.peer(place), sender, port).output)
    }

    private func results(_ text: String) throws -> [String: Double] {
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

    private func result(_ key: String, of results: [String: Double]) throws -> Double {
        guard let value = results[key] else {
            throw BenchError("there is no result \(key) among \(results.keys.sorted().joined(separator: ", "))")
        }
        return value
    }
}
