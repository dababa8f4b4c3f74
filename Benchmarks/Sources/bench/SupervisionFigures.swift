import Foundation

/// Our supervisor against OTP's, each in a process of its own that does the same and prints its results, in turn.
struct SupervisionFigures: Figure {
    /// One figure out of the results that a process prints.
    struct Column {
        let name: String
        let unit: Record.Unit
        /// The value, from the results of one round: those of the first call, of the second, ...
        let value: ([[String: Double]]) throws -> Double
        /// Without a peer where OTP has nothing alike.
        let hasPeer: Bool

        /// A result as it is printed.
        init(_ name: String, _ unit: Record.Unit, _ key: String, hasPeer: Bool = true) {
            self.init(name, unit, hasPeer: hasPeer) { try SupervisionFigures.result(key, of: $0[0]) }
        }

        init(
            _ name: String, _ unit: Record.Unit, hasPeer: Bool = true,
            value: @escaping ([[String: Double]]) throws -> Double
        ) {
            self.name = name
            self.unit = unit
            self.hasPeer = hasPeer
            self.value = value
        }
    }

    /// The measurement and its numbers, once for each process of a round.
    let calls: [[String]]
    /// Whether other programs on the machine are kept from taking the processor: both sides under SCHED_FIFO (sched(7)).
    var isRealTime = false
    let columns: [Column]

    var names: [String] { columns.map(\.name) }

    /// Odd, so that medians are values that were seen.
    private static let rounds = 5

    func measure(_ place: Workplace) throws -> [Record] {
        let load = try Workplace.load()
        let hasPeer = columns.contains { $0.hasPeer }
        let otp = hasPeer ? try OTP(place) : nil
        var values: [[Record.Value]] = columns.map { _ in [] }
        for round in 1...Self.rounds {
            // Each goes first in turn: a machine that gets slower or faster favours neither.
            var (ours, peer): ([[String: Double]], [[String: Double]]) = ([], [])
            for isOurs in round.isMultiple(of: 2) ? [false, true] : [true, false] {
                for call in calls {
                    if isOurs { ours.append(try run([Self.program] + call, place)) }
                    if !isOurs, let otp { peer.append(try run(otp.command + call, place)) }
                }
            }
            for (index, column) in columns.enumerated() {
                values[index].append(
                    .init(ours: try column.value(ours), peer: column.hasPeer ? try column.value(peer) : nil))
            }
            let text = zip(columns, values).map { column, values in
                let last = values[round - 1]
                return String(format: "%@ %.4g", column.name, last.ours)
                    + (last.peer.map { String(format: " (OTP %.4g)", $0) } ?? "")
            }
            Bench.say("round \(round) of \(Self.rounds): " + text.joined(separator: ", "))
        }
        var versions = try Versions.checkout(place)
        versions["otp"] = otp?.version
        return try zip(columns, values).map { column, values in
            try Record(column.name, column.unit, values, versions: versions, load: load)
        }
    }

    /// Built by `make bench` beside this program.
    private static let program = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        .appendingPathComponent("supervision-bench").path

    private func run(_ words: [String], _ place: Workplace) throws -> [String: Double] {
        let log = place.scratch.appendingPathComponent("supervision.log")
        // Priority 1 is above everything that is not real-time.
        let text = try Program.run((isRealTime ? ["chrt", "--fifo", "1"] : []) + words, log: log).output
        var results: [String: Double] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, let value = Double(parts[1]) else {
                throw BenchError("'\(words.joined(separator: " "))' printed what is no result: \(line)")
            }
            results[String(parts[0])] = value
        }
        return results
    }

    static func result(_ key: String, of results: [String: Double]) throws -> Double {
        guard let value = results[key] else {
            throw BenchError("there is no result \(key) among \(results.keys.sorted().joined(separator: ", "))")
        }
        return value
    }
}

extension SupervisionFigures {
    static var all: [any Figure] {
        [1, 1000].map { children in
            SupervisionFigures(
                calls: [["restart", "\(children)", "1000"]],
                columns: [
                    Column("restart.\(children).p50", .microseconds, "p50.us"),
                    Column("restart.\(children).p99", .microseconds, "p99.us"),
                ])
        } + [
            SupervisionFigures(
                calls: [["restart", "1", "100"]], columns: [Column("restart.1.short.p50", .microseconds, "p50.us")]),
            SupervisionFigures(
                calls: [["children", "20000"]],
                columns: [
                    Column("child.bytes", .bytes, "rss.bytes"), Column("child.heap.bytes", .bytes, "heap.bytes"),
                ]),
            SupervisionFigures(
                calls: [["fanin", "1000", "1000"]],
                columns: [
                    Column("fanin.cpu", .microseconds, "cpu.us"), Column("fanin.wall", .microseconds, "wall.us"),
                    Column("fanin.peak.bytes", .bytes, "peak.bytes"),
                ]),
            SupervisionFigures(
                calls: [["periodic", "2000", "10", "5"]], isRealTime: true,
                columns: [
                    Column("periodic.late.p50", .microseconds, "late.p50.us"),
                    Column("periodic.late.p99", .microseconds, "late.p99.us"),
                    Column("periodic.late.p999", .microseconds, "late.p999.us"),
                    Column("periodic.cpu", .seconds, "cpu.seconds"), Column("periodic.ticks", .one, "ticks"),
                ]),
            SupervisionFigures(
                // They are over in seconds and tenths of them, and so at the mercy of what else runs: three of each, in
                // turn, and their medians.
                calls: Array(repeating: [["startstop", "10000"], ["startstop", "100000"]], count: 3).flatMap { $0 },
                columns: [("static", ""), ("dynamic", ".dynamic")].flatMap { kind, suffix in
                    [
                        Column("startstop\(suffix).scaling", .one) { rounds in
                            let few = try median(kind, rounds, from: 0)
                            return try median(kind, rounds, from: 1) * 10 / few
                        },
                        Column("startstop\(suffix).child", .microseconds) { try median(kind, $0, from: 1) },
                    ]
                }),
            SupervisionFigures(
                calls: [["cell", "100"]],
                columns: [
                    Column("cell.restart.p50", .milliseconds, "p50.ms", hasPeer: false),
                    Column("cell.restart.p99", .milliseconds, "p99.ms", hasPeer: false),
                ]),
        ]
    }

    /// us to start and stop one child: the median of every second run.
    private static func median(_ kind: String, _ runs: [[String: Double]], from first: Int) throws -> Double {
        Record.median(try stride(from: first, to: runs.count, by: 2).map { try startStop(kind, runs[$0]) })
    }

    private static func startStop(_ kind: String, _ results: [String: Double]) throws -> Double {
        try result("\(kind).start.us", of: results) + result("\(kind).stop.us", of: results)
    }
}
