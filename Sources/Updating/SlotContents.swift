internal import BootState
internal import Bundle
internal import Card

/// What a slot says of itself.
///
/// A hint and nothing more: whatever is used of it is verified where it is used.
struct SlotContents {
    let slot: BlockRange
    /// Of the bundle that the slot was written from; nil when that is unknown or the slot was never completed.
    let head: BundleHead?
    /// Where which content lies.
    private var places: [SHA256.Digest: Chunk] = [:]

    init(of slot: BlockRange) throws(CardError) {
        self.slot = slot
        head = try Self.head(slot)
        guard let head, let payload = head.payload(named: Manifest.slotName) else { return }
        let chunks = head.chunks.of(payload: payload)
        places.reserveCapacity(chunks.count)
        for chunk in chunks where !chunk.isZero { places[chunk.sha256] = chunk }
    }

    private static func head(_ slot: BlockRange) throws(CardError) -> BundleHead? {
        guard slot.size >= SlotHeader.blockSize,
            let header = try? SlotHeader(decoding: try slot.read(at: 0, count: SlotHeader.blockSize))
        else { return nil }
        let offset = SlotDirectory.offset(payloadSize: header.size)
        guard offset <= slot.size - SlotDirectory.prefixSize,
            let size = SlotDirectory.headSize(prefix: try slot.read(at: offset, count: SlotDirectory.prefixSize)),
            size <= slot.size - offset - SlotDirectory.prefixSize
        else { return nil }
        let bytes = try slot.read(at: offset + SlotDirectory.prefixSize, count: size)
        return try? BundleHead(bytes, trust: .unchecked)
    }

    /// Where content lies, by what the directory says.
    func place(of chunk: Chunk) -> Chunk? {
        guard let place = places[chunk.sha256], place.size == chunk.size else { return nil }
        return place
    }

    /// The content of a chunk, read from this slot and verified; nil when it is not there.
    func content(of chunk: Chunk) throws(CardError) -> [UInt8]? {
        guard let place = place(of: chunk), place.offset <= slot.size - place.size else { return nil }
        let content = try slot.read(at: place.offset, count: place.size)
        return SHA256.digest(of: content) == chunk.sha256 ? content : nil
    }
}

extension SlotHeader {
    /// Bytes of the slot's payload: to the end of its last part, kernel or initramfs; a multiple of 4 KiB.
    var size: Int {
        let sectors = max(Int(kernel.upperBound), Int(ramdisk.upperBound))
        return (sectors * CardLayout.sectorSize + Chunk.slotAlignment - 1) / Chunk.slotAlignment * Chunk.slotAlignment
    }
}
