internal import Glibc

/// A search for blocks in files that nothing is known of any more: every byte may be the beginning of one.
struct OutboxScan {
    /// Of the state rows found, the newest, and its generation.
    private(set) var state: OutboxState?
    private(set) var generation: UInt64 = 0
    /// Where in its file that lies.
    private(set) var stateOffset = 0

    /// The gaps found. A file holds many copies of each, made when it was smaller: they are put together from time to time.
    private(set) var gaps: [OutboxGap] = []
    /// Different ones, at most: far more than bounds leave in an outbox.
    private static let mostGaps = 10_000

    /// Bytes read at once.
    private static let pieceSize = 1 << 20

    /// Hands out what it finds, in portions of some hundred kilobytes; a file that cannot be read ends early.
    mutating func file(
        _ path: String, take: ([OutboxDatabase.Found]) throws(SQLiteError) -> Void
    ) throws(SQLiteError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        // A block may begin at the end of one piece: the last bytes of each are looked at again with the next.
        let overlap = Int(UInt16.max)
        var buffer = [UInt8](repeating: 0, count: Self.pieceSize + overlap)
        var kept = 0
        var offset = 0
        while true {
            let wanted = buffer.count - kept
            var count = buffer.withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress.map { $0 + kept }, wanted, offset)
            }
            if count < 0, errno == EINTR { continue }
            if count < 0 {
                // A sector that cannot be read: what lies behind it can, perhaps.
                for index in kept..<(kept + min(wanted, 4096)) { buffer[index] = 0 }
                var status = stat()
                guard fstat(descriptor, &status) == 0, offset < status.st_size else { return }
                count = min(4096, Int(status.st_size) - offset)
            }
            offset += count
            let end = kept + count
            let isLast = count == 0
            var found: [OutboxDatabase.Found] = []
            let looked = isLast ? end : max(0, end - overlap)
            buffer.withUnsafeBytes { bytes in
                search(UnsafeRawBufferPointer(rebasing: bytes[..<end]), starts: looked, at: offset - end, &found)
            }
            try take(found)
            if isLast { return }
            buffer.withUnsafeMutableBytes { bytes in
                bytes.copyBytes(from: UnsafeRawBufferPointer(rebasing: bytes[looked..<end]))
            }
            kept = end - looked
        }
    }

    private mutating func search(
        _ bytes: UnsafeRawBufferPointer, starts: Int, at offset: Int, _ found: inout [OutboxDatabase.Found]
    ) {
        var index = 0
        while index < starts, index + OutboxBlock.smallestSize <= bytes.count {
            guard bytes[index] == UInt8(truncatingIfNeeded: OutboxBlock.mark),
                let header = OutboxBlock.header(UnsafeRawBufferPointer(rebasing: bytes[index...]))
            else {
                index += 1
                continue
            }
            let block = UnsafeRawBufferPointer(rebasing: bytes[index..<(index + header.length)])
            switch header.kind {
            case .state:
                if header.first >= generation, let state = try? OutboxState(block) {
                    (self.state, generation, stateOffset) = (state, header.first, offset + index)
                }
            case .gap:
                if let gap = try? OutboxBlock.gap(block) { note(gap) }
            case .readings, .dead:
                found.append(OutboxDatabase.Found(header: header, bytes: Array(block), offset: offset + index))
            }
            index += header.length
        }
    }

    private mutating func note(_ gap: OutboxGap) {
        if gaps.count >= 2 * Self.mostGaps { gaps = Array(OutboxGap.disjoint(gaps).prefix(Self.mostGaps)) }
        gaps.append(gap)
    }
}
