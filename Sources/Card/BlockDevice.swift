/// Bytes that outlive a power cut: a card, a part of one, or what stands in for it in a test.
///
/// Calls block. A write has reached the medium for sure when a later ``flush()`` has returned; before, any of the writes
/// since the last flush may be there, or not, or in part.
public protocol BlockDevice: Sendable {
    /// In bytes.
    var size: Int { get }

    /// Reads exactly `count` bytes.
    func read(at offset: Int, count: Int) throws(CardError) -> [UInt8]

    /// Reads what the medium holds, past all caches of this system. The same as ``read(at:count:)`` where there are none.
    func readBack(at offset: Int, count: Int) throws(CardError) -> [UInt8]

    /// The same, into memory that a caller uses again and again, as many bytes as it has.
    ///
    /// - Parameter buffer: best begins at a multiple of 4096, as does what it is filled with.
    func readBack(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(CardError)

    func write(_ bytes: [UInt8], at offset: Int) throws(CardError)

    /// Returns when all that was written is on the medium.
    func flush() throws(CardError)

    /// Keeps everybody else who asks for it out of a part of the device, until ``unlock(_:)`` or the end of the process.
    ///
    /// - Returns: false at once while somebody else has it.
    func lock(_ range: Range<Int>) throws(CardError) -> Bool

    func unlock(_ range: Range<Int>)
}

extension BlockDevice {
    /// For what nobody else can reach: memory.
    public func lock(_ range: Range<Int>) throws(CardError) -> Bool { true }

    public func unlock(_ range: Range<Int>) {}

    /// - Throws: ``CardError/outOfRange(path:offset:count:)``.
    func check(_ offset: Int, _ count: Int, path: String) throws(CardError) {
        guard offset >= 0, count >= 0, offset <= size, count <= size - offset else {
            throw .outOfRange(path: path, offset: offset, count: count)
        }
    }

    public func readBack(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(CardError) {
        buffer.copyBytes(from: try readBack(at: offset, count: buffer.count))
    }
}
