import Card
import Foundation
import Testing

struct CardGrowthTests {
    private static let sector = 512

    /// A table with partitions of so many sectors, one after the other from sector 8192.
    private func table(_ sizes: [Int]) -> [UInt8] {
        var table = [UInt8](repeating: 0, count: Self.sector)
        table.replaceSubrange(440..<444, with: CardLayout.signature)
        table.replaceSubrange(510..<512, with: [0x55, 0xAA])
        var start = 8192
        for (index, size) in sizes.enumerated() {
            for byte in 0..<4 {
                table[446 + 16 * index + 8 + byte] = UInt8(truncatingIfNeeded: start >> (8 * byte))
                table[446 + 16 * index + 12 + byte] = UInt8(truncatingIfNeeded: size >> (8 * byte))
            }
            start += size
        }
        return table
    }

    private func layout(_ table: [UInt8]) throws -> CardLayout {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("table-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(table).write(to: file)
        return try CardLayout(of: try BlockFile(file.path, isWritable: false), path: file.path)
    }

    private let sizes = [131_072, 524_288, 524_288, 131_072]

    @Test func onlyTheLastPartitionGrowsToTheEndInWholeMebibytes() throws {
        let old = table(sizes)
        let before = try layout(old)
        let cardSize = 32_000_000_000 / 512 * 512
        let new = try #require(before.growingData(in: old, cardSize: cardSize))
        let after = try layout(new)
        #expect(after.boot == before.boot && after.slotA == before.slotA && after.slotB == before.slotB)
        #expect(after.data.lowerBound == before.data.lowerBound)
        #expect(after.data.upperBound <= cardSize)
        #expect(cardSize - after.data.upperBound < 1 << 20)
        #expect(after.data.count % (1 << 20) == 0)
        // One number of the sector, and nothing else.
        let changed = old.indices.filter { old[$0] != new[$0] }
        #expect(changed.allSatisfy { (506..<510).contains($0) } && !changed.isEmpty)
        // Again, there is nothing left to do.
        #expect(after.growingData(in: new, cardSize: cardSize) == nil)
    }

    @Test func aCardThatIsNotLargerChangesNothing() throws {
        let old = table(sizes)
        let layout = try layout(old)
        for size in [
            0, layout.data.lowerBound, layout.data.upperBound - 1, layout.data.upperBound,
            layout.data.upperBound + 1000,
        ] {
            #expect(layout.growingData(in: old, cardSize: size) == nil)
        }
    }

    @Test func whatATableCannotSayStaysUnused() throws {
        let old = table(sizes)
        let new = try #require(try layout(old).growingData(in: old, cardSize: 8 << 40))
        let end = try layout(new).data.upperBound
        #expect(end <= Int(UInt32.max) * Self.sector && end > 2 << 40 - (2 << 20))
    }
}
