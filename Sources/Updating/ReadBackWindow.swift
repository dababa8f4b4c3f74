internal import Bundle
internal import Card

/// Looks at what the medium holds of a slot's chunks, in ascending order and in long reads.
struct ReadBackWindow: ~Copyable {
    /// Bytes read at once, or a chunk if it is larger. Long reads are what cards are quick at.
    private static let leastSize = 1 << 16

    /// Where a read past the cache needs no second copy (open(2), O_DIRECT).
    private static let alignment = 4096

    private let slot: BlockRange
    /// Where the payload ends.
    private let end: Int
    private let buffer: UnsafeMutableRawBufferPointer
    /// What of the slot it holds.
    private var held = 0..<0

    /// - Parameter chunks: whose content may be asked for, ascending and within the slot.
    init(_ chunks: ArraySlice<Chunk>, of slot: BlockRange) {
        self.slot = slot
        end = chunks.last.map { $0.offset + $0.size } ?? 0
        let size = chunks.reduce(Self.leastSize) { max($0, $1.size) }
        buffer = .allocate(byteCount: size, alignment: Self.alignment)
    }

    deinit { buffer.deallocate() }

    /// Passes on what is at the chunk's place.
    mutating func read<Result>(
        _ chunk: Chunk, _ body: (UnsafeRawBufferPointer) -> Result
    ) throws(CardError) -> Result {
        if chunk.offset < held.lowerBound || chunk.offset + chunk.size > held.upperBound {
            held = 0..<0
            let count = min(buffer.count, end - chunk.offset)
            try slot.readBack(at: chunk.offset, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]))
            held = chunk.offset..<(chunk.offset + count)
        }
        let begin = chunk.offset - held.lowerBound
        return body(UnsafeRawBufferPointer(rebasing: buffer[begin..<(begin + chunk.size)]))
    }
}
