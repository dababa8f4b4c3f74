import Foundation

/// Making a bundle and installing all of it, beside RAUC with the same slot image.
struct UpdateCost: Figure {
    let names = ["bundle.create.cpu", "bundle.apply.cpu", "bundle.apply.rss"]

    /// Odd, so that medians are values that were seen.
    private static let rounds = 5

    func measure(_ place: Workplace) throws -> [Record] {
        let load = try Workplace.load()
        let folder = place.scratch.appendingPathComponent("update")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let bundle = folder.appendingPathComponent("slot.apus")
        let slot = folder.appendingPathComponent("slot.img")
        let card = folder.appendingPathComponent("card.img")
        func create() throws -> Double {
            try? FileManager.default.removeItem(at: bundle)
            let text = try place.run(
                Self.program, "create", place.bundle("rpi4").path, place.key.path, bundle.path, slot.path
            ).output
            guard let seconds = Double(text.trimmingCharacters(in: .whitespacesAndNewlines)) else {
                throw BenchError("update-bench answered: \(text)")
            }
            return seconds
        }
        func installOnce() throws -> (cpu: Double, peak: Double) {
            try Self.makeCard(card, slot: slot, place)
            let peak = folder.appendingPathComponent("peak")
            // What wait4(2) tells us of our own children's memory is not less than ours was when they began.
            let cpu = try place.run(
                "time", "--output=\(peak.path)", "--format=%M", place.apus, "update", bundle.path, "--card",
                card.path, "--trust", place.publicKey.path, "--json"
            ).cpuSeconds
            let text = try String(contentsOf: peak, encoding: .utf8)
            guard let kibibytes = Double(text.trimmingCharacters(in: .whitespacesAndNewlines)) else {
                throw BenchError("time(1) answered: \(text)")
            }
            return (cpu, kibibytes * 1024)
        }
        // As the peer: the first one is not counted.
        func install() throws -> (cpu: Double, peak: Double) {
            _ = try installOnce()
            let all = try (0..<RAUC.installations).map { _ in try installOnce() }
            return (all.reduce(0) { $0 + $1.cpu } / Double(all.count), all.reduce(0) { max($0, $1.peak) })
        }

        // The image for the peer.
        _ = try create()
        let peer = try RAUC(place, slot: slot)
        var values: [[Record.Value]] = [[], [], []]
        for round in 1...Self.rounds {
            // Each goes first in turn: a machine that gets slower or faster favours neither.
            var ours: (create: Double, apply: (cpu: Double, peak: Double)) = (0, (0, 0))
            var theirs = ours
            for isOurs in round.isMultiple(of: 2) ? [false, true] : [true, false] {
                if isOurs {
                    ours = (try create(), try install())
                } else {
                    theirs = (try peer.create(), try peer.install())
                }
            }
            values[0].append(.init(ours: ours.create, peer: theirs.create))
            values[1].append(.init(ours: ours.apply.cpu, peer: theirs.apply.cpu))
            values[2].append(.init(ours: ours.apply.peak, peer: theirs.apply.peak))
            Bench.say(
                String(
                    format: "round %d of %d: create %.3f s (RAUC %.3f), apply %.3f s (%.3f), %.1f MB (%.1f)", round,
                    Self.rounds, ours.create, theirs.create, ours.apply.cpu, theirs.apply.cpu, ours.apply.peak / 1e6,
                    theirs.apply.peak / 1e6))
        }
        var versions = try Versions.checkout(place)
        versions["rauc"] = peer.version
        let units: [Record.Unit] = [.seconds, .seconds, .bytes]
        return try zip(names, zip(units, values)).map {
            try Record($0, $1.0, $1.1, versions: versions, load: load)
        }
    }

    private static let program = "Benchmarks/.build/release/update-bench"

    /// A card whose running slot has nothing of the new version to offer, as far as its directory tells, and whose other
    /// slot is empty: all of the bundle is needed.
    private static func makeCard(_ card: URL, slot: URL, _ place: Workplace) throws {
        try place.run("cp", "--sparse=always", "--reflink=auto", place.image("rpi4").path, card.path)
        let handle = try FileHandle(forUpdating: card)
        defer { try? handle.close() }
        // The second entry of the partition table at 446; its first sector at 8, little-endian.
        try handle.seek(toOffset: 446 + 16 + 8)
        let start = (try handle.read(upToCount: 4) ?? Data()).reversed().reduce(0) { $0 << 8 | Int($1) } * 512
        // Behind the slot image, on the next 4 KiB (docs/bundle-format.md).
        let size = (Int(try place.size(of: slot)) + 4095) / 4096 * 4096
        try handle.seek(toOffset: UInt64(start + size))
        try handle.write(contentsOf: Data(count: 4096))
    }
}
