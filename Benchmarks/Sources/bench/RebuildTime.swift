import Foundation

/// A one-line change in the app to the new signed bundle, against `swift build` alone of such a change.
struct RebuildTime: Figure {
    let names = ["rebuild.warm.seconds"]

    private let pairs = 7

    func measure(_ place: Workplace) throws -> [Record] {
        let load = try Workplace.load()
        let app = try App(place)
        // Everything else is compiled and cached now.
        _ = try app.bundle()
        _ = try app.compile()
        var values: [Record.Value] = []
        for pair in 1...pairs {
            // Each goes first in turn: a machine that gets slower or faster favours neither.
            let oursFirst = !pair.isMultiple(of: 2)
            let first = oursFirst ? try app.bundle() : try app.compile()
            let second = oursFirst ? try app.compile() : try app.bundle()
            values.append(.init(ours: oursFirst ? first : second, peer: oursFirst ? second : first))
            Bench.say(
                String(
                    format: "pair %d of %d: %.2f s, swift build %.2f s", pair, pairs, values[pair - 1].ours,
                    values[pair - 1].peer ?? 0))
        }
        var versions = try Versions.bundle("rpi4", place)
        versions["swift"] = try Versions.program("swift", from: place)
        return [try Record(names[0], .seconds, values, versions: versions, load: load)]
    }

    /// A copy of the reference app that changes again and again.
    private final class App {
        private let place: Workplace
        private let app: AppCopy
        private let sdk: String
        private var lastBundle = ""
        private var lastProgram = Data()
        /// Never seen before by any cache, this run's or an earlier one's.
        private var serial = Int(Date().timeIntervalSince1970)

        /// The constant that changes; a line's name, of which any text will do.
        private static let constant = "\"GPIO17\""

        init(_ place: Workplace) throws {
            self.place = place
            app = try AppCopy(place, name: "rebuild")
            // Fails early where there is nothing to change.
            _ = try app.replacing(Self.constant, by: "")
            guard let sdk = try Versions.bundle("rpi4", place)["sdk"] else {
                throw BenchError("the bundle does not name its Swift SDK")
            }
            self.sdk = sdk
        }

        private func change() throws {
            serial += 1
            try app.write(app.replacing(Self.constant, by: "\"GPIO\(serial)\""))
        }

        /// Seconds of `fwtool build` after a change.
        func bundle() throws -> Double {
            struct Answer: Decodable { var id: String }
            try change()
            let result = try place.run(
                place.fwtool, "build", "--target", "rpi4", "--package-path", app.folder.path, "--key", place.key.path,
                "--quiet", "--json")
            let id = try JSONDecoder().decode(Answer.self, from: Data(result.output.utf8)).id
            guard id != lastBundle else { throw BenchError("the change did not reach the bundle") }
            lastBundle = id
            return result.seconds
        }

        /// Seconds of `swift build` after a change.
        func compile() throws -> Double {
            try change()
            let result = try place.run(
                "swift", "build", "--package-path", app.folder.path, "--swift-sdk", sdk, "-c", "release", "--product",
                "WeatherStation")
            let program = try Data(
                contentsOf: app.folder.appendingPathComponent(".build/aarch64-unknown-linux-gnu/release/WeatherStation")
            )
            guard program != lastProgram else { throw BenchError("the change did not reach the program") }
            lastProgram = program
            return result.seconds
        }
    }
}
