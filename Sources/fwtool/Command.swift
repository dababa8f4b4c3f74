import Foundation
import Synchronization

/// An external program, run to its end with a deadline. Nothing fwtool starts may hang for ever: past the deadline the
/// program is terminated and the step fails with a sentence that says so.
struct Command {
    var program: String
    var arguments: [String]
    var directory: URL?
    /// Added to fwtool's own environment; an empty value removes the variable.
    var environment: [String: String] = [:]
    /// Seconds.
    var deadline: TimeInterval

    init(
        _ program: String, _ arguments: [String], directory: URL? = nil, environment: [String: String] = [:],
        deadline: TimeInterval = 120
    ) {
        self.program = program
        self.arguments = arguments
        self.directory = directory
        self.environment = environment
        self.deadline = deadline
    }

    struct Result {
        var status: Int32
        var output: String
        var errors: String
        var timedOut: Bool
    }

    /// Runs and returns standard output; a status other than 0 throws with the program's own last words.
    @discardableResult
    func run(input: Data? = nil, onOutput: (@Sendable (String) -> Void)? = nil) throws -> String {
        let result = try execute(input: input, onOutput: onOutput)
        if result.timedOut {
            throw FwtoolError(
                "\(name) did not finish within \(Int(deadline)) s and was stopped",
                remedy: "run it by hand to see where it waits: \(line)")
        }
        guard result.status == 0 else {
            let words = result.errors.isEmpty ? result.output : result.errors
            let last = words.split(separator: "\n").suffix(6).joined(separator: "\n  ")
            throw FwtoolError("\(name) failed with status \(result.status): \(last.isEmpty ? "no message" : last)")
        }
        return result.output
    }

    /// Runs whatever the status; throws only where the program cannot be started.
    ///
    /// - Parameter onOutput: called with each chunk of standard output and standard error as it arrives.
    func execute(input: Data? = nil, onOutput: (@Sendable (String) -> Void)? = nil) throws -> Result {
        guard let path = Command.find(program) else {
            throw FwtoolError("\(program) is not installed", remedy: "run: fwtool doctor")
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.currentDirectoryURL = directory
        var variables = ProcessInfo.processInfo.environment
        for (key, value) in environment { variables[key] = value.isEmpty ? nil : value }
        process.environment = variables

        let output = Pipe()
        let errors = Pipe()
        process.standardOutput = output
        process.standardError = errors
        let inputPipe = input.map { _ in Pipe() }
        process.standardInput = inputPipe ?? FileHandle.nullDevice

        let ended = DispatchSemaphore(value: 0)
        process.terminationHandler = { _ in ended.signal() }
        do { try process.run() } catch {
            throw FwtoolError("\(path) cannot be started: \(error.localizedDescription)")
        }
        // Two readers and a writer, so that no pipe fills up while another is waited for.
        let outputReader = Reader(output.fileHandleForReading, onOutput)
        let errorReader = Reader(errors.fileHandleForReading, onOutput)
        if let input, let inputPipe {
            let writing = inputPipe.fileHandleForWriting
            Thread.detachNewThread {
                try? writing.write(contentsOf: input)
                try? writing.close()
            }
        }
        var timedOut = false
        if ended.wait(timeout: .now() + deadline) == .timedOut {
            timedOut = true
            process.terminate()
            // A program that ignores SIGTERM for two seconds is not going to end by itself.
            if ended.wait(timeout: .now() + 2) == .timedOut {
                kill(process.processIdentifier, SIGKILL)
                ended.wait()
            }
        }
        return Result(
            status: process.terminationStatus, output: outputReader.text(), errors: errorReader.text(),
            timedOut: timedOut)
    }

    var name: String { (program as NSString).lastPathComponent }

    /// As one would type it.
    var line: String {
        ([program] + arguments).map { $0.contains(where: { " '\"$*".contains($0) }) ? "'\($0)'" : $0 }
            .joined(separator: " ")
    }

    /// The program's path: as given where it has a slash, else on the PATH or in the system administrator's folders,
    /// which an ordinary user's PATH lacks on Debian (mke2fs, sfdisk).
    static func find(_ program: String) -> String? {
        if program.contains("/") { return FileManager.default.isExecutableFile(atPath: program) ? program : nil }
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        for folder in path.split(separator: ":").map(String.init) + ["/usr/local/sbin", "/usr/sbin", "/sbin"] {
            let candidate = "\(folder)/\(program)"
            if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
        }
        return nil
    }

    /// Drains one pipe on a thread of its own.
    private final class Reader: Sendable {
        private let collected = Mutex(Data())
        private let done = DispatchSemaphore(value: 0)

        init(_ handle: FileHandle, _ onOutput: (@Sendable (String) -> Void)?) {
            let descriptor = handle.fileDescriptor
            Thread.detachNewThread { [self] in
                var buffer = [UInt8](repeating: 0, count: 65536)
                while true {
                    let count = read(descriptor, &buffer, buffer.count)
                    if count < 0 && errno == EINTR { continue }
                    guard count > 0 else { break }
                    let chunk = Data(buffer[0..<count])
                    collected.withLock { $0.append(chunk) }
                    onOutput?(String(decoding: chunk, as: UTF8.self))
                }
                withExtendedLifetime(handle) {}
                done.signal()
            }
        }

        /// All of it. A grandchild that keeps the pipe open past its parent's end must not hang us: two seconds.
        func text() -> String {
            _ = done.wait(timeout: .now() + 2)
            return String(decoding: collected.withLock { $0 }, as: UTF8.self)
        }
    }
}
