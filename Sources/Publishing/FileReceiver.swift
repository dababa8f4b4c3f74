internal import Glibc
internal import Threads

/// Appends messages to a file, each on a line, which is on the disk when the message counts as delivered.
///
/// A line that a sudden end has cut short stays, for its readings are delivered again; the next one begins on a new line.
struct FileReceiver: Receiver {
    private let options: FileOptions
    private let device: String
    private var file: OutputFile?
    private var size = 0

    init(_ options: FileOptions, device: String) {
        self.options = options
        self.device = device
    }

    var name: String { options.path }

    mutating func open() throws(ReceiverFailure) {
        file = nil
        let descriptor = Glibc.open(options.path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw failure("open") }
        let file = OutputFile(descriptor)
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure("open") }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw ReceiverFailure(text: "cannot write to \(options.path): it is no regular file")
        }
        size = Int(status.st_size)
        var last = UInt8(ascii: "\n")
        if size > 0, pread(descriptor, &last, 1, off_t(size - 1)) != 1 { throw failure("read") }
        if last != UInt8(ascii: "\n") {
            guard file.write([UInt8(ascii: "\n")]) else { throw failure("write to") }
            size += 1
        }
        try syncFolder()
        self.file = file
    }

    mutating func deliver(_ message: OutboxMessage) throws(ReceiverFailure) -> String? {
        var line: [UInt8]
        do throws(SenML.NotFiniteError) { line = try message.pack(device: device, as: .json) } catch {
            return error.description
        }
        line.append(UInt8(ascii: "\n"))
        if hasGone() { try open() }
        if size > 0, size + line.count > options.size {
            guard rename(options.path, "\(options.path).1") == 0 else { throw failure("rename") }
            try open()
        }
        guard let file, file.write(line) else { throw failure("write to") }
        size += line.count
        // Without the file's times.
        guard fdatasync(file.descriptor) == 0 else { throw failure("write to") }
        return nil
    }

    /// Whether somebody has taken the file away, with what it holds: lines that go on into it would be lost with it.
    private func hasGone() -> Bool {
        guard let file else { return true }
        var (ours, present) = (stat(), stat())
        guard fstat(file.descriptor, &ours) == 0, stat(options.path, &present) == 0 else { return true }
        return ours.st_dev != present.st_dev || ours.st_ino != present.st_ino
    }

    /// A new name is on the disk when its folder is (fsync(2)).
    private func syncFolder() throws(ReceiverFailure) {
        let bytes = Array(options.path.utf8)
        let folder = bytes.lastIndex(of: UInt8(ascii: "/")).map { bytes[...$0] } ?? Array(".".utf8)[...]
        let descriptor = Glibc.open(String(decoding: folder, as: UTF8.self), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open the folder of") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure("write the folder of") }
    }

    private func failure(_ operation: String) -> ReceiverFailure {
        ReceiverFailure(text: "cannot \(operation) \(options.path): \(systemMessage(errno))")
    }
}
