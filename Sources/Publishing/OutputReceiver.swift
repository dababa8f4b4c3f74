internal import Glibc
internal import Threads

/// Writes messages to the standard output, each on a line.
struct OutputReceiver: Receiver {
    private let device: String
    private var output: OutputFile?

    init(device: String) {
        self.device = device
    }

    var name: String { "the standard output" }

    mutating func open() throws(ReceiverFailure) {
        let descriptor = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)
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
