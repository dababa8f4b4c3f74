internal import Glibc
internal import Threads

/// Writes messages to the standard output, each on a line.
struct OutputReceiver: Receiver {
    private let device: String
    private let descriptor: Int32
    private var output: OutputFile?

    /// - Parameter descriptor: another one in tests.
    init(device: String, descriptor: Int32 = STDOUT_FILENO) {
        self.device = device
        self.descriptor = descriptor
    }

    var name: String { "the standard output" }

    mutating func open() throws(ReceiverFailure) {
        let descriptor = fcntl(self.descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)
        guard descriptor >= 0 else { throw failure() }
        output = OutputFile(descriptor)
    }

    mutating func deliver(_ message: OutboxMessage) throws(ReceiverFailure) -> String? {
        let line: [UInt8]
        do throws(SenML.NotFiniteError) { line = try message.pack(device: device, as: .json) } catch {
            return error.description
        }
        guard let output, output.write(line + [UInt8(ascii: "\n")]) else { throw failure() }
        return nil
    }

    private func failure() -> ReceiverFailure {
        ReceiverFailure(text: "cannot write to \(name): \(systemMessage(errno))")
    }
}
