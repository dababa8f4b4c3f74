internal import Bundle
internal import Card
internal import Glibc

/// Where each chunk of the new slot image is to come from.
struct UpdatePlan {
    enum Origin: Equatable {
        /// The slot holds it where it belongs, on the medium.
        case inPlace
        case zero
        /// The running slot's directory says it is there.
        case running
        case bundle
    }

    let chunks: ArraySlice<Chunk>
    /// For each chunk.
    let origins: [Origin]
    /// What the bundle has to deliver, ascending.
    let ranges: [Range<Int>]

    /// Bytes between two ranges that are cheaper fetched than left out: what another request and its answer take, with a
    /// plain server some 150 and 300 bytes, and the pause until its answer comes. Because of it a plan never costs more
    /// than the whole payload in one piece.
    static let gap = 1024

    /// Looks at what the slot holds, past all caches.
    ///
    /// - Parameters:
    ///   - chunks: of the payload, not empty.
    ///   - target: at least as large as the payload.
    init(_ chunks: ArraySlice<Chunk>, target: BlockRange, running: SlotContents) throws(CardError) {
        self.chunks = chunks
        var origins: [Origin] = []
        origins.reserveCapacity(chunks.count)
        var window = ReadBackWindow(chunks, of: target)
        for chunk in chunks {
            if try window.read(chunk, { Self.holds($0, chunk) }) {
                origins.append(.inPlace)
            } else if chunk.isZero {
                origins.append(.zero)
            } else {
                origins.append(running.place(of: chunk) == nil ? .bundle : .running)
            }
        }
        self.origins = origins
        ranges = Self.ranges(chunks, origins)
    }

    /// Whether these bytes are the chunk's content.
    private static func holds(_ bytes: UnsafeRawBufferPointer, _ chunk: Chunk) -> Bool {
        // A new card's slot is empty; finding zeros takes a tenth of the time of a hash.
        let isZero = bytes.baseAddress.map { bytes[0] == 0 && memcmp($0, $0 + 1, bytes.count - 1) == 0 } ?? false
        if isZero || chunk.isZero { return isZero && chunk.isZero }
        return SHA256.digest(of: bytes) == chunk.sha256
    }

    private static func ranges(_ chunks: ArraySlice<Chunk>, _ origins: [Origin]) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        for (chunk, origin) in zip(chunks, origins) where origin == .bundle {
            let range = chunk.storedOffset..<(chunk.storedOffset + chunk.storedSize)
            if let last = ranges.last, range.lowerBound - last.upperBound <= gap {
                ranges[ranges.count - 1] = last.lowerBound..<range.upperBound
            } else {
                ranges.append(range)
            }
        }
        return ranges
    }

    var isInPlace: Bool { origins.allSatisfy { $0 == .inPlace } }

    var summary: UpdatePlanSummary {
        var summary = UpdatePlanSummary()
        for (chunk, origin) in zip(chunks, origins) {
            summary.size += chunk.size
            switch origin {
            case .inPlace: summary.inPlace += chunk.size
            case .zero: summary.zero += chunk.size
            case .running: summary.copied += chunk.size
            case .bundle: summary.fetched += chunk.size
            }
        }
        summary.stored = ranges.reduce(0) { $0 + $1.count }
        summary.requests = ranges.count
        return summary
    }
}
