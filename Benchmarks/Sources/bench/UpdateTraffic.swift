import Foundation

/// What an update of a running device fetches and writes, after a change of one constant and of one function of the app.
/// The peer is the whole: the bundle, and the slot image.
struct UpdateTraffic: Figure {
    let names = ["fetch.constant", "fetch.function", "card.function"]

    func measure(_ place: Workplace) throws -> [Record] {
        let load = try Workplace.load()
        let app = try AppCopy(place, name: "update-app")
        let base = try app.build(app.original, to: "base")
        let constant = try app.build(
            app.replacing("every: .seconds(1)", by: "every: .seconds(2)"), to: "constant")
        let line = "        let addresses = [0x48] +"
        let function = try app.build(
            app.replacing(
                line,
                by: """
                            guard board.config["idle"] != "yes" else {
                                return [publisher.childSpec, HeartbeatLED(on: led).childSpec]
                            }
                    \(line)
                    """), to: "function")
        let card = place.scratch.appendingPathComponent("traffic.img")
        try place.run(
            try place.fwtool, "image", base.path, "--key", place.publicKey.path, "--output", card.path, "--quiet")
        // Into an empty slot, as a device's first update; all that is not fetched is copied.
        let ofConstant = try Traffic(of: constant, to: card, place)
        // And over the version before, as all its later ones.
        try place.run(place.apus, "rollback", "--card", card.path)
        let ofFunction = try Traffic(of: function, to: card, place)
        let values = [
            Record.Value(ours: ofConstant.fetched, peer: try place.size(of: constant)),
            Record.Value(ours: ofFunction.fetched, peer: try place.size(of: function)),
            Record.Value(ours: ofFunction.written, peer: ofFunction.slot),
        ]
        let versions = try Versions.checkout(place)
        return try zip(names, values).map { try Record($0, .bytes, [$1], versions: versions, load: load) }
    }
}
