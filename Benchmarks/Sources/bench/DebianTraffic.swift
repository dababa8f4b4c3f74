import Foundation

/// What an update fetches when nothing but Debian has changed: the kernel, or all that the next point release is made of.
/// The peer is the whole bundle.
struct DebianTraffic: Figure {
    let names = ["fetch.kernel", "fetch.pointrelease"]

    func measure(_ place: Workplace) throws -> [Record] {
        let load = try Workplace.load()
        return try zip(names, ["kernel", "all"]).map { name, what in
            let folder = place.scratch.appendingPathComponent("debian-\(what)")
            let changes = try place.run("Benchmarks/debian-next", folder.path, what).output
                .split(separator: "\n").map { $0.split(separator: " ") }
            guard !changes.isEmpty, changes.allSatisfy({ $0.count == 3 }) else {
                throw BenchError("Debian's security archive has nothing that is newer than what the firmware has")
            }
            try place.run(
                place.fwtool, "build", "--target", "rpi4", "--package-path", place.app.path, "--key", place.key.path,
                "--output", folder.path, "--quiet", environment: ["APUS_CACHE": folder.path])
            let bundle = folder.appendingPathComponent("WeatherStation-rpi4.apus")
            let card = folder.appendingPathComponent("card.img")
            try place.run("cp", "--sparse=always", "--reflink=auto", place.image("rpi4").path, card.path)
            let value = Record.Value(
                ours: try Traffic(of: bundle, to: card, place).fetched, peer: try place.size(of: bundle))
            var versions = try Versions.checkout(place)
            for change in changes { versions[String(change[0])] = "\(change[1]) -> \(change[2])" }
            // Hundreds of megabytes, most of them links.
            try FileManager.default.removeItem(at: folder)
            return try Record(name, .bytes, [value], versions: versions, load: load)
        }
    }
}
