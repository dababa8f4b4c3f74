import Foundation

/// `make firmware` in a fresh clone with every cache empty, once: packages, sources and SDK come over the network, what
/// is compiled is compiled. Time on the network is told apart, because it is the mirror's and not ours.
struct ColdFirmware: Figure {
    let names = ["firmware.cold.seconds", "firmware.cold.network.seconds"]

    func measure(_ place: Workplace) throws -> [Record] {
        let load = try Workplace.load()
        let folder = place.scratch.appendingPathComponent("cold")
        try? FileManager.default.removeItem(at: folder)
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let clone = folder.appendingPathComponent("apus").path
        try place.run("git", "clone", "--quiet", place.root.path, clone)
        let cache = folder.appendingPathComponent("cache").path
        let result = try place.run(
            "make", "-C", clone, "firmware",
            environment: [
                "APUS_CACHE": "\(cache)/apus", "XDG_CACHE_HOME": cache,
                // SwiftPM's caches and installed SDKs.
                "CFFIXED_USER_HOME": folder.appendingPathComponent("home").path,
            ], limit: 7200)
        // fwtool's own words, and SwiftPM's about each package it fetched.
        let fetched = result.output.matches(of: #/\(fetched in ([0-9.]+) s\)/#).compactMap { Double($0.1) }
        let cloned = result.output.matches(of: #/Fetched .* \(([0-9.]+)s\)/#).compactMap { Double($0.1) }
        guard !fetched.isEmpty else { throw BenchError("fwtool did not tell how long it used the network") }
        let network = (fetched + cloned).reduce(0, +)
        let versions = try Versions.bundle("rpi4", place)
        return [
            try Record(names[0], .seconds, [.init(ours: result.seconds, peer: nil)], versions: versions, load: load),
            try Record(names[1], .seconds, [.init(ours: network, peer: nil)], versions: versions, load: load),
        ]
    }
}
