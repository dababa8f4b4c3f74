/// Where the enabled elements of a buffered scan are: one after the other by their index, each at a multiple of its own
/// size, the whole a multiple of the largest (Documentation/iio/iio_devbuf.rst).
struct IIOScanLayout: Hashable {
    let types: [IIOScanType]
    let offsets: [Int]
    /// Bytes of a whole scan, at least 1.
    let size: Int

    /// - Parameter types: those of the enabled elements, by their index.
    init(_ types: [IIOScanType]) {
        self.types = types
        var offsets: [Int] = []
        var end = 0
        for type in types {
            end = Self.align(end, type.bytes)
            offsets.append(end)
            end += type.bytes
        }
        self.offsets = offsets
        size = max(Self.align(end, types.map(\.bytes).max() ?? 1), 1)
    }

    /// The numbers in a scan of ``size`` bytes.
    func values(_ scan: some RandomAccessCollection<UInt8>) -> [Double] {
        zip(types, offsets).map { type, offset in type.value(scan.dropFirst(offset).prefix(type.bytes)) }
    }

    private static func align(_ offset: Int, _ size: Int) -> Int { (offset + size - 1) / size * size }
}
