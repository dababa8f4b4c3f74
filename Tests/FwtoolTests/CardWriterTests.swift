import Card
import Foundation
import Testing

@testable import fwtool

struct CardWriterTests {
    /// A card in memory, of old bytes; may forget, or stop taking writes.
    private final class MemoryCard: BlockDevice, @unchecked Sendable {
        // Used by one thread: @unchecked is sound.
        var bytes: [UInt8]
        /// What reading back shows in place of what was written.
        var damage: [Int: UInt8] = [:]
        /// How many more writes it takes.
        var writesLeft = Int.max
        private(set) var isFlushed = true

        init(size: Int) { bytes = Array(repeating: 0xEE, count: size) }

        var size: Int { bytes.count }

        func read(at offset: Int, count: Int) throws(CardError) -> [UInt8] { Array(bytes[offset..<(offset + count)]) }

        func readBack(at offset: Int, count: Int) throws(CardError) -> [UInt8] {
            #expect(isFlushed)
            var copy = Array(bytes[offset..<(offset + count)])
            for (place, byte) in damage where (offset..<(offset + count)).contains(place) {
                copy[place - offset] = byte
            }
            return copy
        }

        func write(_ new: [UInt8], at offset: Int) throws(CardError) {
            guard writesLeft > 0 else { throw .system(operation: "write", path: "/dev/sdc", code: EIO) }
            writesLeft -= 1
            isFlushed = false
            bytes.replaceSubrange(offset..<(offset + new.count), with: new)
        }

        func flush() throws(CardError) { isFlushed = true }
    }

    /// Boot, two slots, data: 4, 8, 8, 2 MiB, from 4 MiB.
    private let layout: [CardImage.Partition] = [
        .init(offset: 4 << 20, size: 4 << 20), .init(offset: 8 << 20, size: 8 << 20),
        .init(offset: 16 << 20, size: 8 << 20), .init(offset: 24 << 20, size: 2 << 20),
    ]

    /// An image with a partition table, 3 MiB of slot A, and a block in the data partition.
    private func image() -> MemoryCard {
        let image = MemoryCard(size: 26 << 20)
        image.bytes = Array(repeating: 0, count: image.size)
        image.bytes.replaceSubrange(440..<444, with: CardLayout.signature)
        image.bytes.replaceSubrange((8 << 20)..<(11 << 20), with: Array(repeating: 0x5A, count: 3 << 20))
        image.bytes[24 << 20] = 7
        return image
    }

    private func parts(of image: MemoryCard) throws -> [Range<Int>] {
        try CardWriter.parts(of: image, layout) { $0.lowerBound == 8 << 20 ? 11 << 20 : $0.lowerBound }
    }

    private func write(_ image: MemoryCard, to card: MemoryCard) throws {
        try CardWriter(image: image, card: card, progress: { Progress($0, quiet: true) }).write(try parts(of: image))
    }

    @Test func everythingButTheUnusedEndsOfTheSlotsIsWritten() throws {
        let image = image()
        let card = MemoryCard(size: 28 << 20)
        #expect(try parts(of: image) == [0..<(11 << 20), (16 << 20)..<(17 << 20), (24 << 20)..<(26 << 20)])
        try write(image, to: card)
        for part in try parts(of: image) { #expect(card.bytes[part] == image.bytes[part]) }
        // Old bytes stay where nobody reads them: the slots' ends, the card's end.
        for part in [(11 << 20)..<(16 << 20), (17 << 20)..<(24 << 20), (26 << 20)..<(28 << 20)] {
            #expect(Array(card.bytes[part]) == Array(repeating: 0xEE, count: part.count))
        }
    }

    @Test(arguments: [4096, 440, 5 << 20, (11 << 20) - 1, 16 << 20, (26 << 20) - 1])
    func aByteTheCardDoesNotKeepIsFound(_ place: Int) throws {
        let image = image()
        let card = MemoryCard(size: 26 << 20)
        card.damage[place] = 0x99
        #expect { try write(image, to: card) } throws: {
            "\($0)".contains("does not keep what is written") && "\($0)".contains("burn it again")
        }
    }

    /// Cut after each of its writes: no partition table before the last one.
    @Test func aCardCutShortIsNoApusCard() throws {
        let image = image()
        var writes = 0
        while true {
            let card = MemoryCard(size: 26 << 20)
            // The card had been an Apus card before.
            card.bytes.replaceSubrange(440..<444, with: CardLayout.signature)
            card.writesLeft = writes
            do {
                try write(image, to: card)
                break
            } catch {
                #expect("\(error)".contains("burn it again"), "\(error)")
            }
            // With none at all the old card is untouched.
            if writes > 0 { #expect(card.bytes[440..<444].allSatisfy { $0 == 0 }) }
            writes += 1
        }
        #expect(writes > 5)
    }
}
