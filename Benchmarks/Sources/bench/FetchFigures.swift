import Foundation

/// What an update fetches after a small change of the reference app, as a fraction of the new bundle: its head and the
/// chunks that the old one does not have, as `fwtool bundle diff` counts them.
struct FetchFigures: Figure {
    let names = ["fetch.constant", "fetch.function"]

    /// What changes in the app's source, from what to what.
    private static let changes = [
        ("every: .seconds(1)", "every: .seconds(2)"),
        (
            "        let addresses = [0x48] +",
            """
                    guard board.config["idle"] != "yes" else { return [publisher.childSpec, HeartbeatLED(on: led).childSpec] }
                    let addresses = [0x48] +
            """
        ),
    ]

    func measure(_ place: Workplace) throws -> [Record] {
        let load = try Workplace.load()
        let folder = place.scratch.appendingPathComponent("Fetch")
        let source = folder.appendingPathComponent("Sources/WeatherStation/WeatherStation.swift")
        try FileManager.default.createDirectory(
            at: source.deletingLastPathComponent(), withIntermediateDirectories: true)
        let manifest = try String(contentsOf: place.app.appendingPathComponent("Package.swift"), encoding: .utf8)
        try manifest.replacingOccurrences(of: "path: \"../..\"", with: "path: \"../../..\"")
            .write(to: folder.appendingPathComponent("Package.swift"), atomically: true, encoding: .utf8)
        let text = try String(
            contentsOf: place.app.appendingPathComponent("Sources/WeatherStation/WeatherStation.swift"),
            encoding: .utf8)

        func bundle(_ name: String, of text: String) throws -> URL {
            try text.write(to: source, atomically: true, encoding: .utf8)
            let output = folder.appendingPathComponent(name)
            try place.run(
                place.fwtool, "build", "--target", "rpi4", "--package-path", folder.path, "--key", place.key.path,
                "--output", output.path, "--quiet")
            return output.appendingPathComponent("WeatherStation-rpi4.apus")
        }

        struct Difference: Decodable {
            var fetchedSize: Double
            var bundleSize: Double
        }
        let base = try bundle("base", of: text)
        let versions = try Versions.bundle("rpi4", place)
        return try zip(names, Self.changes).map { name, change in
            guard text.contains(change.0) else { throw BenchError("the reference app has no \(change.0) to change") }
            let changed = try bundle(name, of: text.replacingOccurrences(of: change.0, with: change.1))
            let answer = try place.run(place.fwtool, "bundle", "diff", base.path, changed.path, "--json")
            let difference = try JSONDecoder().decode(Difference.self, from: Data(answer.output.utf8))
            return try Record(
                name, .one, [.init(ours: difference.fetchedSize / difference.bundleSize, peer: nil)],
                versions: versions, load: load)
        }
    }
}
