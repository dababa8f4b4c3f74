/// A part of a device: a partition.
public struct BlockRange: BlockDevice {
    private let device: any BlockDevice
    /// Bytes from the start of the device.
    public let range: Range<Int>

    /// - Throws: ``CardError/outOfRange(path:offset:count:)`` when the device is smaller.
    public init(_ range: Range<Int>, of device: any BlockDevice) throws(CardError) {
        guard range.lowerBound >= 0, range.upperBound <= device.size else {
            throw .outOfRange(path: "the card", offset: range.lowerBound, count: range.count)
        }
        self.range = range
        self.device = device
    }

    public var size: Int { range.count }

    public func read(at offset: Int, count: Int) throws(CardError) -> [UInt8] {
        try check(offset, count, path: "the partition")
        return try device.read(at: range.lowerBound + offset, count: count)
    }

    public func readBack(at offset: Int, count: Int) throws(CardError) -> [UInt8] {
        try check(offset, count, path: "the partition")
        return try device.readBack(at: range.lowerBound + offset, count: count)
    }

    public func readBack(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(CardError) {
        try check(offset, buffer.count, path: "the partition")
        try device.readBack(at: range.lowerBound + offset, into: buffer)
    }

    public func write(_ bytes: [UInt8], at offset: Int) throws(CardError) {
        try check(offset, bytes.count, path: "the partition")
        try device.write(bytes, at: range.lowerBound + offset)
    }

    public func flush() throws(CardError) { try device.flush() }

    public func lock(_ part: Range<Int>) throws(CardError) -> Bool { try device.lock(onDevice(part)) }

    public func unlock(_ part: Range<Int>) { device.unlock(onDevice(part)) }

    private func onDevice(_ part: Range<Int>) -> Range<Int> {
        (range.lowerBound + part.lowerBound)..<(range.lowerBound + part.upperBound)
    }
}
