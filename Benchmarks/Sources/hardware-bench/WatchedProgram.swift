internal import Glibc
internal import Hardware

/// What a program uses the processor for once it has a line, whatever language it is written in.
enum WatchedProgram {
    /// Starts the program, its output thrown away, and says `ready` when it has the line. Prints what it used from then to
    /// its end, in nanoseconds.
    static func run(_ words: [String], untilItTakes offset: Int, of label: String) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
        let arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        var process: pid_t = 0
        let error = posix_spawn(&process, words[0], &actions, nil, arguments, nil)
        guard error == 0 else { HardwareBench.fail("\(words[0]): \(String(cString: strerror(error)))") }
        let chip = GPIOChip.labelled(label)
        while try !chip.lines()[offset].isUsed {
            guard waitpid(process, nil, WNOHANG) == 0 else { HardwareBench.fail("\(words[0]) ended at once") }
            usleep(20_000)
        }
        // Behind the request it has a few things to do still.
        usleep(500_000)
        var clock = clockid_t()
        clock_getcpuclockid(process, &clock)
        let before = HardwareBench.nanoseconds(clock)
        HardwareBench.tell("ready")
        var status: Int32 = 0
        var usage = rusage()
        while wait4(process, &status, 0, &usage) < 0 && errno == EINTR {}
        guard status == 0 else { HardwareBench.fail("\(words[0]) ended with \(status)") }
        let total = [usage.ru_utime, usage.ru_stime].reduce(0) {
            $0 + Int64($1.tv_sec) * 1_000_000_000 + Int64($1.tv_usec) * 1000
        }
        HardwareBench.tell("cpu=\(total - before)")
    }
}
