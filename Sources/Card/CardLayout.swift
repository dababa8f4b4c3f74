public import BootState

/// Where things lie on a card: its partition table (docs/card-layout.md).
public struct CardLayout: Sendable, Equatable {
    /// Bytes from the start of the card.
    public let boot: Range<Int>
    public let slotA: Range<Int>
    public let slotB: Range<Int>
    public let data: Range<Int>

    public static let sectorSize = 512
    /// The disk signature at offset 440 of the partition table.
    public static let signature = Array("APUS".utf8)

    /// - Throws: ``CardError/noApusCard(path:)`` when sector 0 is none of ours or its partitions cannot be.
    public init(of card: any BlockDevice, path: String) throws(CardError) {
        let sector = try card.read(at: 0, count: Self.sectorSize)
        // Master boot record: four entries of 16 bytes at 446, its mark 0x55 0xAA at the end.
        guard Array(sector[440..<444]) == Self.signature, sector[510] == 0x55, sector[511] == 0xAA else {
            throw .noApusCard(path: path)
        }
        var partitions: [Range<Int>] = []
        for entry in 0..<4 {
            func number(_ offset: Int) -> Int {
                (0..<4).reduce(0) { $0 | Int(sector[446 + 16 * entry + offset + $1]) << (8 * $1) }
            }
            let start = number(8) * Self.sectorSize
            let range = start..<(start + number(12) * Self.sectorSize)
            guard range.lowerBound >= (partitions.last?.upperBound ?? 1), !range.isEmpty else {
                throw .noApusCard(path: path)
            }
            partitions.append(range)
        }
        boot = partitions[0]
        slotA = partitions[1]
        slotB = partitions[2]
        data = partitions[3]
    }

    public func range(of slot: Slot) -> Range<Int> {
        switch slot {
        case .a: slotA
        case .b: slotB
        }
    }

    /// The partition table with a data partition that reaches to the end of the card, a whole number of MiB; nil when it
    /// would not become larger.
    ///
    /// - Parameters:
    ///   - table: sector 0 of a card this layout was read from.
    ///   - cardSize: in bytes.
    public func growingData(in table: [UInt8], cardSize: Int) -> [UInt8]? {
        // A table's numbers have 32 bits: what a larger card has beyond them stays unused.
        let limit = min(cardSize / Self.sectorSize, Int(UInt32.max))
        let first = data.lowerBound / Self.sectorSize
        let sectorsPerMebibyte = 2048
        let count = (limit - first) / sectorsPerMebibyte * sectorsPerMebibyte
        guard count > data.count / Self.sectorSize, table.count == Self.sectorSize else { return nil }
        var grown = table
        // The number of sectors in the fourth entry.
        for byte in 0..<4 { grown[446 + 16 * 3 + 12 + byte] = UInt8(truncatingIfNeeded: count >> (8 * byte)) }
        return grown
    }
}
