import Card
import Foundation

/// Writes a card image to a card, and reads it back.
///
/// Until all else is written and verified the card has no partition table: cut short at any moment, by a failure or by
/// pulling the card out, it is no Apus card, and boots nothing.
struct CardWriter {
    /// The image.
    let image: any BlockDevice
    let card: any BlockDevice
    let progress: (_ label: String) -> Progress
    /// Called before the card is read back.
    var dropCache: () -> Void = {}

    /// Large enough for any card's erase blocks, small enough for memory and for a bar that moves.
    private static let block = 4 << 20
    /// What holds the partition table: a page, the least a cache of the kernel writes.
    private static let head = 4096

    /// The parts of the image that a card must hold, in bytes.
    ///
    /// All of it but the unused ends of the slots: nothing reads those before an update writes them, and they are three
    /// quarters of the image. Everything else is written, zeros too, because a card is seldom new: an old slot header
    /// would be booted, old bytes taken for a file system's, and an old partition table of another kind believed.
    static func parts(of image: any BlockDevice, _ layout: [CardImage.Partition], dataEnd: (Range<Int>) throws -> Int)
        throws -> [Range<Int>]
    {
        guard layout.count == 4 else { return [0..<image.size] }
        let slots = try layout[1...2].map { slot in
            let all = slot.offset..<(slot.offset + slot.size)
            // A mebibyte at least: headers and superblocks lie there.
            let least = min(all.upperBound, all.lowerBound + (1 << 20))
            return all.lowerBound..<max(least, min(all.upperBound, try dataEnd(all)))
        }
        return [0..<slots[0].upperBound, slots[1], layout[3].offset..<image.size]
    }

    /// - Parameter parts: from ``parts(of:_:dataEnd:)``; the first one begins at 0.
    /// - Throws: `FwtoolError`, upon which the card is unusable.
    func write(_ parts: [Range<Int>]) throws {
        do {
            try card.write(Array(repeating: 0, count: Self.head), at: 0)
            try card.flush()
            let rest = [Self.head..<parts[0].upperBound] + parts.dropFirst()
            try each(rest, "Writing") { range in
                try card.write(try image.read(at: range.lowerBound, count: range.count), at: range.lowerBound)
                // Now and then, so that the bar shows what the card has, not what memory has.
                if (range.lowerBound / Self.block) % 4 == 3 { try card.flush() }
            }
            try card.flush()
            dropCache()
            try each(rest, "Verifying") { range in
                let written = try card.readBack(at: range.lowerBound, count: range.count)
                guard written == (try image.read(at: range.lowerBound, count: range.count)) else {
                    throw CardError.writtenWrongly(path: "the card", offset: range.lowerBound)
                }
            }
            let head = try image.read(at: 0, count: Self.head)
            try card.write(head, at: 0)
            try card.flush()
            guard try card.readBack(at: 0, count: Self.head) == head else {
                throw CardError.writtenWrongly(path: "the card", offset: 0)
            }
        } catch let error as CardError {
            throw FwtoolError("\(error)", remedy: "the card cannot be used as it is now: burn it again, or another one")
        }
    }

    private func each(_ parts: [Range<Int>], _ label: String, _ body: (Range<Int>) throws -> Void) throws {
        let bar = progress(label)
        defer { bar.finish() }
        bar.setTotal(Int64(parts.reduce(0) { $0 + $1.count }), unit: .bytes)
        var done = 0
        for part in parts {
            var start = part.lowerBound
            while start < part.upperBound {
                // To the next boundary, so that all but the first are aligned.
                let end = min(part.upperBound, (start / Self.block + 1) * Self.block)
                try body(start..<end)
                done += end - start
                bar.update(Int64(done))
                start = end
            }
        }
    }
}
