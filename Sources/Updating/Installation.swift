internal import BootState
internal import Bundle
internal import Card

/// Brings a slot to what a plan says: all between the two changes of the boot state.
struct Installation {
    private let plan: UpdatePlan
    /// What follows the payload.
    private let directory: [UInt8]
    private let bundleSize: Int
    private let source: any BundleSource
    private let running: SlotContents
    private let target: BlockRange
    private var writer: SlotWriter
    /// Bytes written.
    private(set) var written = 0

    /// How much goes to the card at once; tests make it small.
    struct Pace {
        /// Bytes of a write.
        var portion = SlotWriter.portion
        /// Bytes fetched between two flushes; nil: by the size of the bundle.
        var flushDistance: Int?
    }

    private static let emptyHeader = [UInt8](repeating: 0, count: SlotHeader.blockSize)

    /// Bytes fetched after which they are made to last: what a power cut can cost again.
    private let flushDistance: Int

    /// A 256th of the bundle is little to fetch again, and 256 flushes take a card a few seconds. Of a bundle in a file
    /// 4 MiB: half a second's work of a card, and nothing to pay for.
    static func flushDistance(bundleSize: Int, isLocal: Bool) -> Int {
        isLocal ? 4 << 20 : max(128 * 1024, bundleSize / 256)
    }

    /// - Parameter head: the bundle's, as it stands there.
    init(
        plan: UpdatePlan, head: [UInt8], bundleSize: Int, source: any BundleSource, running: SlotContents,
        target: BlockRange, pace: Pace
    ) {
        self.plan = plan
        directory = SlotDirectory.encoded(head: head)
        self.bundleSize = bundleSize
        self.source = source
        self.running = running
        self.target = target
        writer = SlotWriter(target, portion: pace.portion)
        flushDistance = pace.flushDistance ?? Self.flushDistance(bundleSize: bundleSize, isLocal: source.isLocal)
    }

    mutating func run(_ report: (UpdateEvent) -> Void) throws(UpdateError) {
        let header = try write(report)
        // What was not needed of the bundle must be there all the same: half a bundle is none.
        try source.finish(bundleSize: bundleSize)
        report(.verifying)
        try verify(header)
        try complete(header)
    }

    /// Writes all chunks that are not in place, but for the header, which is emptied first.
    ///
    /// - Returns: the header's sector, to be written last.
    private mutating func write(_ report: (UpdateEvent) -> Void) throws(UpdateError) -> [UInt8] {
        // Should the running slot ever fail to load, the boot script takes the other one, bad or not. Half of a system
        // must not look like one.
        var header: [UInt8] = []
        let present = try onCard { () throws(CardError) in
            try target.readBack(at: 0, count: SlotHeader.blockSize)
        }
        if !plan.isInPlace, present != Self.emptyHeader {
            try onCard { () throws(CardError) in
                try target.write(Self.emptyHeader, at: 0)
                try target.flush()
            }
            written += Self.emptyHeader.count
        }
        let total = plan.chunks.reduce(0) { $0 + $1.size }
        var done = 0
        var unflushed = 0
        for (chunk, origin) in zip(plan.chunks, plan.origins) {
            if origin == .inPlace {
                if chunk.offset == 0 { header = present }
            } else {
                var (content, fetched) = try content(of: chunk, origin)
                if chunk.offset == 0 {
                    header = Array(content.prefix(SlotHeader.blockSize))
                    content.replaceSubrange(..<SlotHeader.blockSize, with: Self.emptyHeader)
                }
                unflushed += fetched
                let mustFlush = unflushed >= flushDistance
                try onCard { () throws(CardError) in
                    try writer.write(content, at: chunk.offset)
                    if mustFlush { try writer.flush() }
                }
                if mustFlush { unflushed = 0 }
            }
            done += chunk.size
            report(.progress(done: done, total: total, fetched: source.fetched))
        }
        try onCard { () throws(CardError) in try writer.flush() }
        written += writer.written
        return header
    }

    /// The verified content of a chunk, and how many bytes were fetched for it.
    private func content(of chunk: Chunk, _ origin: UpdatePlan.Origin) throws(UpdateError) -> ([UInt8], fetched: Int) {
        if origin == .zero { return ([UInt8](repeating: 0, count: chunk.size), 0) }
        if origin == .running {
            let content = try onCard { () throws(CardError) in try running.content(of: chunk) }
            if let content { return (content, 0) }
            // The directory was wrong, or the slot is damaged there: then from the bundle.
        }
        let stored = try source.read(at: chunk.storedOffset, count: chunk.storedSize)
        return (try inBundle { () throws(BundleError) in try chunk.content(of: stored) }, stored.count)
    }

    /// Reads everything that was written back from the medium. The header is not yet.
    private func verify(_ header: [UInt8]) throws(UpdateError) {
        var window = ReadBackWindow(plan.chunks, of: target)
        for (chunk, origin) in zip(plan.chunks, plan.origins) where origin != .inPlace {
            let digest: SHA256.Digest
            do throws(CardError) {
                digest = try window.read(chunk) {
                    chunk.offset == 0
                        ? SHA256.digest(of: header + $0.dropFirst(header.count)) : SHA256.digest(of: $0)
                }
            } catch {
                throw .card(error)
            }
            guard digest == chunk.sha256 else {
                throw .card(.writtenWrongly(path: "the card", offset: target.range.lowerBound + chunk.offset))
            }
        }
    }

    /// Writes what makes the slot a whole one: the directory, the header.
    private mutating func complete(_ header: [UInt8]) throws(UpdateError) {
        let offset = SlotDirectory.offset(payloadSize: plan.chunks.last.map { $0.offset + $0.size } ?? 0)
        let pieces = [(directory, offset), (header, 0)]
        let target = target
        written += try onCard { () throws(CardError) in
            var count = 0
            for (bytes, place) in pieces
            // Past the cache, here and below: a read through it would fetch a megabyte around.
            where try target.readBack(at: place, count: bytes.count) != bytes {
                try target.write(bytes, at: place)
                count += bytes.count
            }
            try target.flush()
            for (bytes, place) in pieces
            where try target.readBack(at: place, count: bytes.count) != bytes {
                throw .writtenWrongly(path: "the card", offset: target.range.lowerBound + place)
            }
            return count
        }
    }
}
