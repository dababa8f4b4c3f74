import CLinux
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
        var variables = ProcessInfo.processInfo.environment
        for (key, value) in environment { variables[key] = value.isEmpty ? nil : value }
        // Not Foundation's Process: it has been seen to miss the end of a program, for good.
        let (outputRead, outputWrite) = try Self.pipe()
        let (errorRead, errorWrite) = try Self.pipe()
        let (inputRead, inputWrite) = try Self.pipe()
        let process: pid_t
        do {
            defer { for descriptor in [outputWrite, errorWrite, inputRead] { close(descriptor) } }
            do {
                process = try Spawn.start(
                    [path] + arguments, directory: directory?.path, environment: variables,
                    descriptors: [(inputRead, 0), (outputWrite, 1), (errorWrite, 2)])
            } catch {
                for descriptor in [outputRead, errorRead, inputWrite] { close(descriptor) }
                throw error
            }
        }
        // Two readers and a writer, so that no pipe fills up while another is waited for.
        let outputReader = Reader(outputRead, onOutput)
        let errorReader = Reader(errorRead, onOutput)
        Thread.detachNewThread {
            let handle = FileHandle(fileDescriptor: inputWrite, closeOnDealloc: true)
            // A program that does not want its input may close it.
            try? handle.write(contentsOf: input ?? Data())
        }
        let ended = DispatchSemaphore(value: 0)
        let waiter = Waiter(process, ended)
        Thread.detachNewThread { waiter.run() }
        var timedOut = false
        if ended.wait(timeout: .now() + deadline) == .timedOut {
            timedOut = true
            kill(process, SIGTERM)
            // A program that ignores SIGTERM for two seconds is not going to end by itself.
            if ended.wait(timeout: .now() + 2) == .timedOut {
                kill(process, SIGKILL)
                ended.wait()
            }
        }
        return Result(
            status: waiter.exitStatus, output: outputReader.text(), errors: errorReader.text(), timedOut: timedOut)
    }

    /// Both ends close when another program starts.
    private static func pipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [0, 0]
        guard pipe2(&ends, O_CLOEXEC) == 0 else {
            throw FwtoolError("no pipe can be made: \(String(cString: strerror(errno)))")
        }
        return (ends[0], ends[1])
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

        init(_ descriptor: Int32, _ onOutput: (@Sendable (String) -> Void)?) {
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
                close(descriptor)
                done.signal()
            }
        }

        /// All of it. A grandchild that keeps the pipe open past its parent's end must not hang us: two seconds.
        func text() -> String {
            _ = done.wait(timeout: .now() + 2)
            return String(decoding: collected.withLock { $0 }, as: UTF8.self)
        }
    }

    /// Waits for the program's end on a thread of its own.
    private final class Waiter: Sendable {
        private let process: pid_t
        private let ended: DispatchSemaphore
        private let status = Atomic<Int32>(0)

        init(_ process: pid_t, _ ended: DispatchSemaphore) {
            self.process = process
            self.ended = ended
        }

        func run() {
            var raw: Int32 = 0
            while waitpid(process, &raw, 0) < 0 && errno == EINTR {}
            status.store(raw, ordering: .relaxed)
            ended.signal()
        }

        /// The exit status, or 128 and the signal's number, as a shell says it.
        var exitStatus: Int32 {
            let raw = status.load(ordering: .relaxed)
            return raw & 0x7F == 0 ? (raw >> 8) & 0xFF : 128 + (raw & 0x7F)
        }
    }
}
