import Foundation

/// Running programs to their end.
enum Program {
    /// Starts a program.
    ///
    /// - Parameters:
    ///   - words: name or path, and arguments.
    ///   - streams: our descriptors for its standard input, output and errors.
    ///   - environment: added to ours.
    static func start(
        _ words: [String], streams: [Int32], environment: [String: String] = [:]
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (theirs, ours) in streams.enumerated() { posix_spawn_file_actions_adddup2(&actions, ours, Int32(theirs)) }
        let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        let strings: [UnsafeMutablePointer<CChar>?] = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in arguments + strings { free(pointer) } }
        var process: pid_t = 0
        let error = posix_spawnp(&process, words[0], &actions, nil, arguments, strings)
        guard error == 0 else { throw BenchError("\(words[0]) cannot be started: \(String(cString: strerror(error)))") }
        return process
    }

    /// Waits for a program's end and returns its exit status, or 128 and its signal's number.
    static func wait(_ process: pid_t) -> Int32 { waitAndMeasure(process).status }

    /// The same, and what the program and those it waited for have used (wait4(2)).
    private static func waitAndMeasure(_ process: pid_t) -> (status: Int32, usage: rusage) {
        var raw: Int32 = 0
        var usage = rusage()
        while wait4(process, &raw, 0, &usage) < 0 && errno == EINTR {}
        return (raw & 0x7F == 0 ? (raw >> 8) & 0xFF : 128 + (raw & 0x7F), usage)
    }

    /// Both ends are closed in programs that are started.
    static func pipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [0, 0]
        guard Foundation.pipe(&ends) == 0 else {
            throw BenchError("no pipe can be made: \(String(cString: strerror(errno)))")
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    struct Result {
        var output: String
        /// Wall time.
        var seconds: Double
        /// Processor time, user and system, of the program and those it waited for.
        var cpuSeconds: Double
    }

    /// Runs a program and returns what it wrote to standard output.
    ///
    /// - Parameters:
    ///   - log: a file for its output and, beside it with the suffix `.errors`, its errors.
    ///   - limit: seconds until it is stopped.
    /// - Throws: `BenchError` with its last words when it does not end with status 0 within the limit.
    @discardableResult
    static func run(
        _ words: [String], log: URL, environment: [String: String] = [:], limit: Int = 600
    ) throws -> Result {
        let errors = log.appendingPathExtension("errors")
        let files = [("/dev/null", O_RDONLY), (log.path, O_WRONLY), (errors.path, O_WRONLY)].map { path, mode in
            open(path, mode | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        }
        defer { for file in files where file >= 0 { close(file) } }
        guard files.allSatisfy({ $0 >= 0 }) else { throw BenchError("\(log.path) cannot be written") }
        let started = ContinuousClock.now
        // In the foreground: Ctrl-C must reach it.
        let process = try start(
            ["timeout", "--foreground", "--kill-after=10", "\(limit)"] + words, streams: files, environment: environment
        )
        let (status, usage) = waitAndMeasure(process)
        let seconds = (ContinuousClock.now - started) / .seconds(1)
        let output = String(decoding: (try? Data(contentsOf: log)) ?? Data(), as: UTF8.self)
        guard status == 0 else {
            // 124 is timeout's own status.
            if status == 124 { throw BenchError("'\(words.joined(separator: " "))' did not end within \(limit) s") }
            let text = output + String(decoding: (try? Data(contentsOf: errors)) ?? Data(), as: UTF8.self)
            let last = text.split(separator: "\n").suffix(5).joined(separator: "\n    ")
            throw BenchError("'\(words.joined(separator: " "))' ended with status \(status):\n    \(last)")
        }
        let cpu = [usage.ru_utime, usage.ru_stime].reduce(0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6 }
        return Result(output: output, seconds: seconds, cpuSeconds: cpu)
    }
}
