import Foundation

/// What `apus update` says of an update of a card, in bytes.
struct Traffic {
    let fetched: Double
    let written: Double
    /// Of the slot image.
    let slot: Double

    /// Updates the card.
    init(of bundle: URL, to card: URL, _ place: Workplace) throws {
        let output = try place.run(
            place.apus, "update", bundle.path, "--card", card.path, "--trust", place.publicKey.path, "--json"
        ).output
        let lines = try output.split(separator: "\n").map {
            try JSONDecoder().decode(Event.self, from: Data($0.utf8))
        }
        guard let plan = lines.first(where: { $0.event == "planned" }), let slot = plan.size,
            let end = lines.first(where: { $0.event == "done" }), let fetched = end.fetched,
            let written = end.written
        else { throw BenchError("apus update answered: \(output)") }
        (self.fetched, self.written, self.slot) = (fetched, written, slot)
    }

    private struct Event: Decodable {
        var event: String
        var fetched: Double?
        var written: Double?
        var size: Double?
    }
}
