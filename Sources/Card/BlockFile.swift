internal import CLinux
internal import Glibc

/// A block device of the kernel, or a file that holds an image of one.
public final class BlockFile: BlockDevice {
    public let path: String
    public let size: Int
    private let descriptor: Int32
    /// Reads past the page cache; -1 where the file system cannot (tmpfs, for one), which has no medium either.
    private let direct: Int32

    /// What direct I/O asks of offsets, sizes and addresses at most: a page (open(2), O_DIRECT).
    private static let alignment = 4096

    /// - Parameter isWritable: opens for reading only, if not.
    public init(_ path: String, isWritable: Bool) throws(CardError) {
        self.path = path
        descriptor = open(path, (isWritable ? O_RDWR : O_RDONLY) | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("open", path) }
        direct = open(path, O_RDONLY | O_CLOEXEC | linux_o_direct)
        let end = lseek(descriptor, 0, Int32(SEEK_END))
        guard end >= 0 else {
            let error = CardError.system("measure", path)
            close(descriptor)
            close(direct)
            throw error
        }
        size = Int(end)
    }

    deinit {
        close(descriptor)
        close(direct)
    }

    public func read(at offset: Int, count: Int) throws(CardError) -> [UInt8] {
        try check(offset, count, path: path)
        var code: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = fill(UnsafeMutableRawBufferPointer(buffer), from: descriptor, at: offset, &code)
        }
        guard bytes.count == count else { throw .system("read", path, code: code) }
        return bytes
    }

    public func readBack(at offset: Int, count: Int) throws(CardError) -> [UInt8] {
        guard direct >= 0, count > 0 else { return try read(at: offset, count: count) }
        try check(offset, count, path: path)
        let begin = offset / Self.alignment * Self.alignment
        let end = (offset + count + Self.alignment - 1) / Self.alignment * Self.alignment
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: end - begin, alignment: Self.alignment)
        defer { buffer.deallocate() }
        var code: Int32 = 0
        // Short where the device ends within the last page.
        let filled = fill(buffer, from: direct, at: begin, &code)
        guard filled >= offset - begin + count else { throw .system("read", path, code: code) }
        return [UInt8](buffer[(offset - begin)..<(offset - begin + count)])
    }

    public func readBack(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(CardError) {
        let isAligned = [offset, buffer.count, Int(bitPattern: buffer.baseAddress)].allSatisfy {
            $0.isMultiple(of: Self.alignment)
        }
        guard direct >= 0, isAligned else {
            return buffer.copyBytes(from: try readBack(at: offset, count: buffer.count))
        }
        try check(offset, buffer.count, path: path)
        var code: Int32 = 0
        guard fill(buffer, from: direct, at: offset, &code) == buffer.count else {
            throw .system("read", path, code: code)
        }
    }

    public func write(_ bytes: [UInt8], at offset: Int) throws(CardError) {
        try check(offset, bytes.count, path: path)
        var written = 0
        while written < bytes.count {
            let result = bytes.withUnsafeBytes { buffer in
                pwrite(descriptor, buffer.baseAddress.map { $0 + written }, bytes.count - written, offset + written)
            }
            if result > 0 {
                written += result
            } else if errno != EINTR {
                throw .system("write", path)
            }
        }
    }

    public func flush() throws(CardError) {
        guard fdatasync(descriptor) == 0 else { throw .system("write", path) }
    }

    public func lock(_ range: Range<Int>) throws(CardError) -> Bool {
        if linux_lock(descriptor, Int16(F_WRLCK), range.lowerBound, range.count) == 0 { return true }
        // POSIX leaves open which of the two it is.
        guard errno == EAGAIN || errno == EACCES else { throw .system("lock", path) }
        return false
    }

    public func unlock(_ range: Range<Int>) {
        _ = linux_lock(descriptor, Int16(F_UNLCK), range.lowerBound, range.count)
    }

    private func fill(
        _ buffer: UnsafeMutableRawBufferPointer, from descriptor: Int32, at offset: Int, _ code: inout Int32
    ) -> Int {
        var filled = 0
        while filled < buffer.count {
            let result = pread(
                descriptor, buffer.baseAddress.map { $0 + filled }, buffer.count - filled, offset + filled)
            if result > 0 {
                filled += result
            } else if result == 0 || errno != EINTR {
                code = result == 0 ? EIO : errno
                break
            }
        }
        return filled
    }
}
