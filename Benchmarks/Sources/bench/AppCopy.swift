import Foundation

/// A copy of the reference app in the scratch folder, to change and build.
struct AppCopy {
    private let place: Workplace
    let folder: URL
    /// The app's source as it is in the checkout.
    let original: String

    private static let sourcePath = "Sources/WeatherStation/WeatherStation.swift"

    init(_ place: Workplace, name: String) throws {
        self.place = place
        folder = place.scratch.appendingPathComponent("\(name)/WeatherStation")
        try FileManager.default.createDirectory(
            at: folder.appendingPathComponent(Self.sourcePath).deletingLastPathComponent(),
            withIntermediateDirectories: true)
        let manifest = try String(contentsOf: place.app.appendingPathComponent("Package.swift"), encoding: .utf8)
        guard manifest.contains("path: \"../..\"") else {
            throw BenchError("\(place.app.path)/Package.swift names Apus in an unknown way")
        }
        try manifest.replacingOccurrences(of: "path: \"../..\"", with: "path: \"../../../..\"")
            .write(to: folder.appendingPathComponent("Package.swift"), atomically: true, encoding: .utf8)
        original = try String(contentsOf: place.app.appendingPathComponent(Self.sourcePath), encoding: .utf8)
    }

    func write(_ text: String) throws {
        try text.write(to: folder.appendingPathComponent(Self.sourcePath), atomically: true, encoding: .utf8)
    }

    /// Replaces a text that the app's source is known to contain.
    func replacing(_ old: String, by new: String) throws -> String {
        guard original.contains(old) else { throw BenchError("the reference app has no \(old) to change") }
        return original.replacingOccurrences(of: old, with: new)
    }

    /// Builds a bundle for the Pi 4 from a source text.
    /// - Returns: the bundle, in a folder of this name beside the app.
    func build(_ text: String, to name: String) throws -> URL {
        try write(text)
        let output = folder.deletingLastPathComponent().appendingPathComponent(name)
        try place.run(
            place.fwtool, "build", "--target", "rpi4", "--package-path", folder.path, "--key", place.key.path,
            "--output", output.path, "--quiet")
        return output.appendingPathComponent("WeatherStation-rpi4.apus")
    }
}
