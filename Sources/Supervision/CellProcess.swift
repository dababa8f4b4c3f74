internal import CLinux
internal import Glibc

/// A running cell, seen from the process that started it.
struct CellProcess: Sendable {
    let id: pid_t
    /// Readable when the process has ended.
    let end: CellDescriptor
    let control: CellSocket
    let data: CellSocket
    /// Its standard error.
    let errors: CellDescriptor

    /// Ends the process for certain. When it has ended already, nothing happens.
    func kill() {
        _ = linux_pidfd_kill(end.number)
    }

    /// How a process ended.
    enum Status: Sendable, Equatable {
        case exited(Int32)
        case signal(Int32)
        /// Another part of the program waited for it, or told the kernel that nobody will.
        case lost
    }

    /// Takes the status of the process; nil when it has not ended yet.
    func reap() -> Status? {
        var info = siginfo_t()
        let result = waitid(idtype_t(rawValue: linux_wait_pidfd), id_t(end.number), &info, WEXITED | WNOHANG)
        guard result == 0 else { return .lost }
        guard info.si_signo == SIGCHLD else { return nil }
        let status = linux_exit_status(&info)
        return Int(info.si_code) == Int(CLD_EXITED) ? .exited(status) : .signal(status)
    }
}

extension CellProcess {
    /// Starts a cell. Blocks for about a millisecond, until the new process executes its program.
    ///
    /// Its standard input is empty, its standard output this process's, its standard error a pipe to this process; other
    /// descriptors than the two sockets do not reach it. It is in a process group of its own, so that a Ctrl-C in the
    /// terminal reaches its supervisor only, which then stops it in its turn.
    /// - Throws: ``CellError/system(_:code:)``.
    static func start(_ program: CellProgram, order: [UInt8], options: CellOptions, on thread: CellThread) throws
        -> CellProcess
    {
        let control = try Pair(thread)
        let data = try Pair(thread)
        let errors = try Pair(thread, isPipe: true)
        let controlSocket = CellSocket(descriptor: control.ours)
        // Waits in the socket until the cell looks for it.
        let code = controlSocket.send(order)
        guard code == 0 else { throw CellError.system("cannot send a cell its order", code: code) }

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        // From a number to the same: takes away close-on-exec (glibc 2.29).
        posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, errors.theirs, STDERR_FILENO)
        posix_spawn_file_actions_adddup2(&actions, control.theirs, CellProgram.control)
        posix_spawn_file_actions_adddup2(&actions, data.theirs, CellProgram.data)
        posix_spawn_file_actions_addclosefrom_np(&actions, CellProgram.firstClosed)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))

        let arguments = program.arguments.map { strdup($0) } + [nil]
        let variables = CellProgram.environment.map { strdup($0) } + [nil]
        defer { for pointer in arguments + variables { free(pointer) } }
        var process: pid_t = 0
        let failure = posix_spawn(&process, program.path, &actions, &attributes, arguments, variables)
        guard failure == 0 else { throw CellError.system("cannot start a cell", code: failure) }
        do {
            // The process is loading its libraries now: nothing of its own has run.
            try limit(process, options)
            let end = linux_pidfd_open(process)
            guard end >= 0 else { throw CellError.system("cannot watch a cell", code: errno) }
            return CellProcess(
                id: process, end: try CellDescriptor(end, on: thread), control: controlSocket,
                data: CellSocket(descriptor: data.ours), errors: errors.ours)
        } catch {
            Glibc.kill(process, SIGKILL)
            waitpid(process, nil, 0)
            throw error
        }
    }

    private static func limit(_ process: pid_t, _ options: CellOptions) throws {
        func set(_ resource: Int32, _ soft: Int, _ hard: Int) throws {
            guard linux_set_limit(process, resource, UInt64(soft), UInt64(hard)) == 0 else {
                throw CellError.system("cannot set a limit of a cell", code: errno)
            }
        }
        try set(linux_limit_core, 0, 0)
        if let memory = options.memory { try set(linux_limit_data, memory, memory) }
        if let files = options.openFiles { try set(linux_limit_open_files, files, files) }
        // At the first limit comes SIGXCPU, at the second SIGKILL.
        if let seconds = options.cpuSeconds { try set(linux_limit_cpu, seconds, seconds + 1) }
    }

    /// Two connected descriptors, both close-on-exec. Theirs is closed when the pair is released.
    private struct Pair: ~Copyable {
        let ours: CellDescriptor
        let theirs: Int32

        init(_ thread: CellThread, isPipe: Bool = false) throws {
            var ends: [Int32] = [-1, -1]
            let result =
                isPipe
                ? pipe2(&ends, O_CLOEXEC)
                : socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends)
            guard result == 0 else { throw CellError.system("cannot connect a cell", code: errno) }
            // Above the numbers that they get in the cell, so that none overwrites another on the way.
            let theirs = fcntl(ends[1], F_DUPFD_CLOEXEC, CellProgram.firstClosed)
            let code = errno
            close(ends[1])
            guard theirs >= 0 else {
                close(ends[0])
                throw CellError.system("cannot connect a cell", code: code)
            }
            let ours = Result { try CellDescriptor(ends[0], on: thread) }
            if case .failure = ours { close(theirs) }
            self.init(ours: try ours.get(), theirs: theirs)
            // Of our end only: the cell's writes to its standard error wait as usual.
            if isPipe { _ = fcntl(ends[0], F_SETFL, O_NONBLOCK) }
        }

        private init(ours: CellDescriptor, theirs: Int32) {
            self.ours = ours
            self.theirs = theirs
        }

        deinit {
            close(theirs)
        }
    }
}
