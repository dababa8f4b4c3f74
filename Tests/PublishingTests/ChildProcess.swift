import Foundation

/// A program that never outlives the tests: a shell waits for this process's word, or for its end, and kills it.
final class ChildProcess {
    /// Runs the program given as arguments, passes the signals named on standard input to it, and kills it at the end of
    /// standard input.
    private static let script = #"""
        "$@" </dev/null &
        while read -r signal; do
            kill -"$signal" $!
            [ "$signal" = HUP ] || { wait $!; exit; }
        done
        kill -KILL $!
        wait $!
        """#

    /// What it writes to standard output and standard error.
    let output = Lines()
    private let process = Process()
    private let input = Pipe()

    init(_ arguments: [String]) throws {
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments =
            ["-c", Self.script, "sh"] + arguments
        process.standardInput = input
        // Held by this process alone: a later child that inherited it would keep the shell waiting for ever.
        _ = fcntl(input.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        // A child inherits the signals its creator blocks, and the threads that run tasks block nearly all.
        var none = sigset_t()
        var previous = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &previous)
        defer { pthread_sigmask(SIG_SETMASK, &previous, nil) }
        try process.run()
        output.follow(pipe.fileHandleForReading)
    }

    deinit {
        try? input.fileHandleForWriting.close()
    }

    /// Sends a signal by its name: HUP, or one that ends the program.
    func send(_ signal: String) throws {
        try input.fileHandleForWriting.write(contentsOf: Data("\(signal)\n".utf8))
    }

    /// Waits for the end, which is the end of its output.
    func end() async {
        _ = await output.rest()
    }
}
