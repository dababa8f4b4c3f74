internal import Card

/// Writes to a slot in ascending order, neighbouring pieces together.
struct SlotWriter {
    /// Bytes gathered before they are written. The kernel gathers more before it goes to the card; this only saves calls.
    static let portion = 1 << 16

    private let portion: Int
    private let slot: BlockRange
    private var gathered: [UInt8] = []
    private var start = 0
    private(set) var written = 0

    init(_ slot: BlockRange, portion: Int = SlotWriter.portion) {
        self.slot = slot
        self.portion = portion
    }

    mutating func write(_ bytes: [UInt8], at offset: Int) throws(CardError) {
        if offset != start + gathered.count || gathered.count + bytes.count > portion {
            try writeGathered()
            start = offset
        }
        guard bytes.count < portion else {
            try slot.write(bytes, at: offset)
            written += bytes.count
            start = offset + bytes.count
            return
        }
        gathered += bytes
    }

    /// Makes all of it last.
    mutating func flush() throws(CardError) {
        try writeGathered()
        try slot.flush()
    }

    private mutating func writeGathered() throws(CardError) {
        guard !gathered.isEmpty else { return }
        try slot.write(gathered, at: start)
        written += gathered.count
        start += gathered.count
        gathered.removeAll(keepingCapacity: true)
    }
}
