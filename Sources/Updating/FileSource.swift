internal import Bundle
internal import Glibc
internal import HTTP
internal import Threads

/// A bundle in a file, or one that comes through a pipe.
public final class FileSource: BundleSource {
    public let name: String
    public let size: Int?
    public private(set) var fetched = 0
    /// A pipe may come from anywhere.
    public var isLocal: Bool { size != nil }
    private let descriptor: Int32
    /// How long a pipe may bring nothing.
    private let limit: Duration
    /// Where a pipe stands.
    private var position = 0

    /// A pipe that is fed over a slow network pauses; one whose other end hangs must not hold up updates for ever.
    public static let defaultLimit = Duration.seconds(300)

    /// - Parameter path: `-` is the standard input.
    public init(_ path: String, limit: Duration = FileSource.defaultLimit) throws(UpdateError) {
        name = path == "-" ? "the standard input" : path
        self.limit = limit
        descriptor = path == "-" ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .sourceUnreadable(name, reason: systemMessage(errno)) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT != S_IFDIR else {
            let reason = status.st_mode & S_IFMT == S_IFDIR ? "it is a folder" : systemMessage(errno)
            close(descriptor)
            throw .sourceUnreadable(name, reason: reason)
        }
        size = status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil
    }

    deinit { close(descriptor) }

    public func expect(_ ranges: [Range<Int>]) {}

    public func read(at offset: Int, count: Int) throws(UpdateError) -> [UInt8] {
        if size == nil {
            // In pieces: what is passed over may be larger than what may be held.
            while position < offset { _ = try receive(min(offset - position, 1 << 16)) }
            guard position == offset else { throw .sourceUnreadable(name, reason: "it cannot be read twice") }
        }
        return try receive(count, at: offset)
    }

    public func finish(bundleSize: Int) throws(UpdateError) {
        guard size == nil else { return }
        while position < bundleSize { _ = try receive(min(bundleSize - position, 1 << 16)) }
        var byte: UInt8 = 0
        try waitForBytes()
        if Glibc.read(descriptor, &byte, 1) > 0 { throw .bundle(.trailingBytes) }
    }

    private func receive(_ count: Int, at offset: Int? = nil) throws(UpdateError) -> [UInt8] {
        var failure: UpdateError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            do throws(UpdateError) {
                try fill(
                    UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<count]), at: offset
                )
                filled = count
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        position += count
        fetched += count
        return bytes
    }

    private func fill(_ bytes: UnsafeMutableRawBufferPointer, at offset: Int?) throws(UpdateError) {
        var filled = 0
        while filled < bytes.count {
            if size == nil { try waitForBytes() }
            let free = bytes.baseAddress.map { $0 + filled }
            let result =
                size == nil
                ? Glibc.read(descriptor, free, bytes.count - filled)
                : pread(descriptor, free, bytes.count - filled, (offset ?? 0) + filled)
            if result == 0 { throw .bundle(.truncated(size: (size == nil ? position : offset ?? 0) + filled)) }
            if result > 0 {
                filled += result
            } else if errno != EINTR {
                throw .sourceUnreadable(name, reason: systemMessage(errno))
            }
        }
    }

    private func waitForBytes() throws(UpdateError) {
        let deadline = Deadline(after: limit)
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while true {
            let result = poll(&entry, 1, deadline.millisecondsLeft)
            if result > 0 { return }
            guard result < 0, errno == EINTR else { throw .sourceStalled(name) }
        }
    }
}
