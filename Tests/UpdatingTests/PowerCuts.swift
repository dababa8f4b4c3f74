import Card

/// All that a power cut can leave of a log of writes and flushes, one state of the card after the other.
///
/// After every operation of the log: what was flushed is there. Of the writes since, any subset is: all subsets of up to
/// ``maximumExhaustive``, beyond that none, all, each one alone missing, each one alone there, and random ones in random
/// order. The last write is torn at every sector, the others all there, all missing, or a random subset, and the
/// sector at the tear is old or is garbage.
struct PowerCuts {
    static let maximumExhaustive = 8
    private static let randomSubsets = 64
    private static let sector = 512

    let start: [UInt8]
    let log: [TestCard.Operation]
    var random: Seeded

    private typealias Write = (bytes: [UInt8], offset: Int)

    /// Calls `body` for each state of the card; `isFlushed` where nothing was lost.
    mutating func visit(_ body: (_ card: [UInt8], _ operations: Int, _ isWhole: Bool) throws -> Void) rethrows {
        var flushed = start
        var pending: [Write] = []
        try body(flushed, 0, true)
        for (index, operation) in log.enumerated() {
            switch operation {
            case .flush:
                for write in pending { Self.apply(write, to: &flushed) }
                pending = []
                try body(flushed, index + 1, true)
            case .write(let bytes, let offset):
                pending.append((bytes, offset))
                try subsets(flushed, pending) { try body($0, index + 1, false) }
                try torn(flushed, pending) { try body($0, index + 1, false) }
            }
        }
    }

    /// Those with the last write in it whole: the others came with the operations before.
    private mutating func subsets(
        _ flushed: [UInt8], _ pending: [Write], _ body: ([UInt8]) throws -> Void
    ) rethrows {
        let others = pending.count - 1
        var chosen: [[Int]] = []
        if pending.count <= Self.maximumExhaustive {
            for bits in 0..<(1 << others) { chosen.append((0..<others).filter { bits >> $0 & 1 == 1 }) }
        } else {
            chosen = [[], Array(0..<others)]
            for one in 0..<others { chosen += [[one], (0..<others).filter { $0 != one }] }
            for _ in 0..<Self.randomSubsets {
                chosen.append((0..<others).filter { _ in Bool.random(using: &random) }.shuffled(using: &random))
            }
        }
        for subset in chosen {
            var card = flushed
            for index in subset + [others] { Self.apply(pending[index], to: &card) }
            try body(card)
        }
    }

    private mutating func torn(
        _ flushed: [UInt8], _ pending: [Write], _ body: ([UInt8]) throws -> Void
    ) rethrows {
        guard let last = pending.last else { return }
        let others = pending.dropLast()
        for kind in 0..<3 {
            var base = flushed
            for write in others where kind == 0 || kind == 2 && Bool.random(using: &random) {
                Self.apply(write, to: &base)
            }
            for length in stride(from: 0, to: last.bytes.count, by: Self.sector) {
                var card = base
                Self.apply((Array(last.bytes[..<length]), last.offset), to: &card)
                try body(card)
                let garbage = (0..<min(Self.sector, last.bytes.count - length)).map { _ in
                    UInt8.random(in: .min ... .max, using: &random)
                }
                Self.apply((garbage, last.offset + length), to: &card)
                try body(card)
            }
        }
    }

    private static func apply(_ write: Write, to card: inout [UInt8]) {
        card.replaceSubrange(write.offset..<(write.offset + write.bytes.count), with: write.bytes)
    }
}
