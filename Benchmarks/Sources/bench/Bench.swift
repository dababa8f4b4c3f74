import Foundation

// bench [--cold] [FIGURE...]: measures the figures named, or all; with --cold the slow one too. Run in the repository's
// folder by `make bench`. Only a run of all figures that all succeeded writes build/bench.json.
@main
enum Bench {
    static func main() {
        do { try run(Array(CommandLine.arguments.dropFirst())) } catch {
            FileHandle.standardError.write(Data("error: \(error)\n".utf8))
            exit(1)
        }
    }

    /// In the order of the report.
    private static var figures: [any Figure] {
        [
            BundleSize(), RootSize(), BootFigures(), RebuildTime(), UpdateCost(), UpdateTraffic(), DebianTraffic(),
            PublishingFigures(), StoringFigures(), FlashFigures(), BacklogFigures(),
        ]
            + SupervisionFigures.all + BoardFigures.all
    }

    private static func run(_ arguments: [String]) throws {
        let cold = arguments.contains("--cold")
        let wanted = arguments.filter { $0 != "--cold" }
        let all = figures + (cold ? [ColdFirmware()] : [])
        let known = all.flatMap { $0.names }
        /// By its name, or by the beginning of it: `edge.mailbox` means `edge.mailbox.p50` and the others.
        func isWanted(_ name: String, by word: String) -> Bool { name == word || name.hasPrefix(word + ".") }
        if let stranger = wanted.first(where: { word in !known.contains { isWanted($0, by: word) } }) {
            throw BenchError("there is no figure \(stranger); there are: \(known.joined(separator: ", "))")
        }

        let place = try Workplace()
        let file = place.build.appendingPathComponent("bench.json")
        // No file of an earlier run may pass for this one's.
        if wanted.isEmpty { try? FileManager.default.removeItem(at: file) }

        var records: [Record] = []
        var failures: [String] = []
        for figure in all
        where wanted.isEmpty || figure.names.contains(where: { name in wanted.contains { isWanted(name, by: $0) } }) {
            say("measuring \(figure.names.joined(separator: ", "))")
            do { records += try figure.measure(place) } catch {
                failures.append("\(figure.names.joined(separator: ", ")): \(error)")
            }
        }
        print(Table.text(records))
        guard failures.isEmpty else {
            throw BenchError("not measured, nothing written:\n  " + failures.joined(separator: "\n  "))
        }
        guard wanted.isEmpty else { return }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try (encoder.encode(records) + Data("\n".utf8)).write(to: file, options: .atomic)
        print("written: \(file.path)")
    }

    /// What is going on, for people: these measurements take minutes.
    static func say(_ text: String) {
        FileHandle.standardError.write(Data("bench: \(text)\n".utf8))
    }
}

/// One or more figures that one measurement gives.
protocol Figure {
    var names: [String] { get }

    /// - Throws: a sentence that says why there is no number.
    func measure(_ place: Workplace) throws -> [Record]
}

struct BenchError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
