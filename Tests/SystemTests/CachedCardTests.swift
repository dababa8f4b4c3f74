import Foundation
import Testing

@testable import fwtool

/// That a power cut takes from a card what it may take, and nothing else.
@Suite struct CachedCardTests {
    /// What is on the card after a cut, a letter a sector, for many seeds.
    ///
    /// - Parameters:
    ///   - log: as QEMU wrote it.
    ///   - written: what was on the card when QEMU was killed.
    private static func outcomes(_ log: [[UInt8]], written: String) throws -> Set<String> {
        let place = FileManager.default.temporaryDirectory.appendingPathComponent("cached-card")
        return try TemporaryFolder.with(beside: place) { folder in
            let card = folder.appendingPathComponent("card.img")
            var outcomes: Set<String> = []
            for seed in 1...200 {
                try Data("......".utf8.flatMap(sector)).write(to: card)
                let cached = try CachedCard(card, in: folder)
                try Data(written.utf8.flatMap(sector)).write(to: card)
                try Data([UInt8](repeating: 1, count: 512) + Array(log.joined())).write(to: cached.log)
                var random = Random(state: UInt64(seed))
                try cached.loseCache(using: &random)
                let bytes = try Data(contentsOf: card)
                outcomes.insert(String(decoding: (0..<bytes.count / 512).map { bytes[$0 * 512] }, as: UTF8.self))
            }
            return outcomes
        }
    }

    private static func sector(_ letter: UInt8) -> [UInt8] { [UInt8](repeating: letter, count: 512) }

    private static func head(_ words: [UInt64]) -> [UInt8] {
        let bytes = words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
        return bytes + [UInt8](repeating: 0, count: 512 - bytes.count)
    }

    private static func write(_ letters: String, at sector: UInt64) -> [UInt8] {
        head([sector, UInt64(letters.utf8.count), 0, 0]) + letters.utf8.flatMap(Self.sector)
    }

    private static let flush = head([0, 0, 1, 0])

    @Test func whatWasFlushedStaysAndTheRestMayBeThere() throws {
        let log = [
            Self.write("ab", at: 0), Self.write("c", at: 1), Self.flush,
            Self.write("d", at: 3), Self.write("ef", at: 4),
        ]
        let outcomes = try Self.outcomes(log, written: "ac.def")
        let all = ["...", "d..", ".ef", "def", ".e.", "de."].map { "ac." + $0 }
        #expect(outcomes == Set(all))
    }

    @Test func withoutAFlushNothingIsCertain() throws {
        let outcomes = try Self.outcomes([Self.write("a", at: 0)], written: "a.....")
        #expect(outcomes == ["......", "a....."])
    }

    @Test func aNoteInPartIsNone() throws {
        let whole = Self.write("bc", at: 2)
        let outcomes = try Self.outcomes(
            [Self.write("a", at: 0), Self.flush, Array(whole.dropLast(512))], written: "a.bc..")
        #expect(outcomes == ["a....."])
    }

    /// QEMU writes several notes at once, and may be killed when a later one is written and an earlier is not.
    @Test func whereANoteIsMissingTheCardIsAsItWasLeft() throws {
        let missing = [UInt8](repeating: 0, count: 1024)
        let outcomes = try Self.outcomes([missing, Self.write("b", at: 1), Self.flush], written: "ab....")
        #expect(outcomes == ["ab...."])
    }
}
