import Foundation

/// What a reading wears off the flash while no broker is there, beside SQLite as a C program uses it: with as many rows
/// in a transaction as the outbox has readings, and with each row in one of its own, as it is first written.
///
/// Each side counts what its own process has made the kernel write (proc_pid_io(5), `write_bytes`).
struct FlashFigures: Figure {
    let names = ["flash.bytes", "flash.bytes.each"]

    /// Odd, so that medians are values that were seen.
    private static let rounds = 5
    /// Through more than one turn of either log, so that what goes from there into the database counts, too: a commit
    /// takes two pages or more, the outbox's log has 256, SQLite's by default 1,000 (`PRAGMA wal_autocheckpoint`).
    private static let commits = 1000
    /// The same where a commit takes one page.
    private static let commitsOfOne = 5000

    func measure(_ place: Workplace) throws -> [Record] {
        let load = try Workplace.load()
        let versions = try Versions.checkout(place)
        var together: [Record.Value] = []
        var each: [Record.Value] = []
        for round in 1...Self.rounds {
            let results = try Self.results(place) { folder in
                try place.run(StoringFigures.ours(place), "windows", folder.path, "\(Self.commits)")
            }
            guard let ours = results["bytes"], let batch = results["batch"].flatMap({ Int(exactly: $0) }) else {
                throw BenchError("publishing-bench does not tell the bytes of a reading and the readings of a window")
            }
            let peer = try Self.peer(place, batch: batch, commits: Self.commits)
            let peerOfOne = try Self.peer(place, batch: 1, commits: Self.commitsOfOne)
            together.append(.init(ours: ours, peer: peer))
            each.append(.init(ours: ours, peer: peerOfOne))
            Bench.say(
                String(
                    format: "round %d of %d, %d readings a commit: %.0f bytes each (SQLite %.0f, one a commit %.0f)",
                    round, Self.rounds, batch, ours, peer, peerOfOne))
        }
        return [
            try Record(names[0], .bytes, together, versions: versions, load: load),
            try Record(names[1], .bytes, each, versions: versions, load: load),
        ]
    }

    /// Bytes a row.
    private static func peer(_ place: Workplace, batch: Int, commits: Int) throws -> Double {
        let results = try Self.results(place) { folder in
            // No time is given: as many transactions on every machine.
            try place.run(
                StoringFigures.peer, folder.appendingPathComponent("rows.db").path, "0", "\(batch)", "\(commits)")
        }
        guard let bytes = results["bytes"] else { throw BenchError("sqlite-bench does not tell the bytes of a row") }
        return bytes
    }

    /// What a program tells that is given a new folder; that goes with all that was written.
    private static func results(
        _ place: Workplace, _ run: (URL) throws -> Program.Result
    ) throws -> [String: Double] {
        let folder = try StoringFigures.folder(place)
        defer { try? FileManager.default.removeItem(at: folder) }
        return StoringFigures.results(try run(folder).output)
    }
}
