import Glibc

/// An open file, closed with the last reference. Its calls block.
final class File: Sendable {
    let path: String
    private let descriptor: Int32

    /// Opens a file with the flags of open(2); `O_CLOEXEC` is always added.
    init(_ path: String, _ flags: Int32, mode: mode_t = 0) throws(FileError) {
        self.path = path
        descriptor = open(path, flags | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw FileError(flags & O_CREAT == 0 ? "open" : "create", path) }
    }

    /// Takes over an open descriptor, a pipe for example.
    init(takingOver descriptor: Int32, path: String) {
        self.path = path
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    /// The size of a regular file in bytes; nil for a pipe or device.
    var regularSize: Int? {
        get throws(FileError) {
            var status = stat()
            guard fstat(descriptor, &status) == 0 else { throw FileError("examine", path) }
            return status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil
        }
    }

    /// Reads exactly `count` bytes from the current position, fewer only where the file ends.
    func read(_ count: Int) throws(FileError) -> [UInt8] {
        try read(count) { Glibc.read(descriptor, $0, $1) }
    }

    /// Reads exactly `count` bytes at `offset`, fewer only where the file ends. The position stays where it is.
    func read(_ count: Int, at offset: Int) throws(FileError) -> [UInt8] {
        try read(count) { pread(descriptor, $0, $1, offset + count - $1) }
    }

    /// - Parameter call: reads up to so many bytes, as read(2).
    private func read(_ count: Int, by call: (UnsafeMutablePointer<UInt8>?, Int) -> Int) throws(FileError) -> [UInt8] {
        var code: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let result = call(buffer.baseAddress.map { $0 + filled }, count - filled)
                if result > 0 {
                    filled += result
                } else if result == 0 {
                    return
                } else if errno != EINTR {
                    code = errno
                    return
                }
            }
        }
        guard code == 0 else { throw FileError("read", path, code: code) }
        return bytes
    }

    func write(_ bytes: [UInt8]) throws(FileError) {
        var written = 0
        while written < bytes.count {
            let result = bytes.withUnsafeBytes { buffer in
                Glibc.write(descriptor, buffer.baseAddress.map { $0 + written }, bytes.count - written)
            }
            if result >= 0 {
                written += result
            } else if errno != EINTR {
                throw FileError("write", path)
            }
        }
    }

    /// Returns once the content is on the medium.
    func sync() throws(FileError) {
        guard fsync(descriptor) == 0 else { throw FileError("write", path) }
    }

    /// Creates a new file with this content, on the medium when it returns; nothing is left of it on failure.
    static func create(_ path: String, mode: mode_t, content: [[UInt8]]) throws(FileError) {
        let file = try File(path, O_WRONLY | O_CREAT | O_EXCL, mode: mode)
        do throws(FileError) {
            for part in content { try file.write(part) }
            try file.sync()
        } catch {
            unlink(path)
            throw error
        }
    }

    /// Puts a file with this content in the place of `path`, on the medium when it returns; on failure `path` is as it
    /// was and nothing is left.
    static func replace(_ path: String, with content: [[UInt8]]) throws(FileError) {
        // Beside it, because a rename must not cross file systems; random, because another process may do the same.
        let temporary = "\(path).\(String(UInt64.random(in: .min ... .max), radix: 36)).partial"
        try create(temporary, mode: 0o666, content: content)
        guard rename(temporary, path) == 0 else {
            let error = FileError("create", path)
            unlink(temporary)
            throw error
        }
        try File(folder(of: path), O_RDONLY | O_DIRECTORY).sync()
    }

    /// The folder that a path names a file in.
    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
