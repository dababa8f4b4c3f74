internal import CLinux

/// What a crash handler tells: the signal and the frames of the thread that crashed, as addresses of its process.
struct CellTrace: Sendable {
    let signal: Int32
    /// The signal's si_code (sigaction(2)).
    let code: Int32
    /// Of a fault: the address that could not be accessed.
    let address: UInt64
    /// Nearly all of the memory the cell may have was in use.
    let isMemoryTight: Bool
    /// Where it crashed, and then the return addresses of its callers.
    let frames: [UInt64]

    /// - Parameter bytes: those of a `linux_crash`.
    init(_ bytes: [UInt8]) throws(ByteReader.Failure) {
        guard bytes.count == MemoryLayout<linux_crash>.size else { throw ByteReader.Failure() }
        var reader = ByteReader(bytes.dropFirst())
        signal = Int32(try reader.read(UInt8.self))
        let count = Int(try reader.read(UInt8.self))
        isMemoryTight = try reader.read(UInt8.self) != 0
        code = try reader.read()
        address = try reader.read()
        var frames: [UInt64] = []
        while !reader.isAtEnd { frames.append(try reader.read()) }
        guard count <= frames.count else { throw ByteReader.Failure() }
        self.frames = Array(frames.prefix(count))
    }
}
