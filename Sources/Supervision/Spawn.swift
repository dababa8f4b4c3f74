internal import CLinux
internal import Glibc

/// Starting a process: posix_spawn(3), which shares the memory until the new program is loaded and so costs the same
/// whatever the size of this process. fork is not for a process with threads.
enum Spawn {
    /// Blocks until the new process executes its program, about a millisecond. Its standard input is empty, and no signal
    /// is blocked, ignored or handled. It is in a process group of its own: a Ctrl-C in the terminal does not reach it.
    ///
    /// - Parameters:
    ///   - program: a path, or the name of a program in PATH.
    ///   - words: the name it goes by, and its arguments.
    ///   - variables: its environment, "NAME=value" each.
    ///   - descriptors: ours, each with the number under which the program finds it, from 1 on in order; nil for the
    ///     one that we have under that number. All others close.
    /// - Throws: ``CellError/system(_:code:)``.
    static func start(
        _ program: String, _ words: [String], variables: [String], descriptors: [Int32?]
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        for (number, ours) in zip(Int32(1)..., descriptors) {
            // From a number to the same: takes away close-on-exec (glibc 2.29).
            posix_spawn_file_actions_adddup2(&actions, ours ?? number, number)
        }
        posix_spawn_file_actions_addclosefrom_np(&actions, Int32(descriptors.count) + 1)

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

        let arguments = words.map { strdup($0) } + [nil]
        let environment = variables.map { strdup($0) } + [nil]
        defer { for pointer in arguments + environment { free(pointer) } }
        var process: pid_t = 0
        let code = posix_spawnp(&process, program, &actions, &attributes, arguments, environment)
        guard code == 0 else { throw CellError.system("cannot start \(program)", code: code) }
        return process
    }

    /// The variables of this process but for some, given by their names.
    static func environment(without names: String...) -> [String] {
        var variables: [String] = []
        var next = linux_environment()
        while let entry = next?.pointee {
            let variable = String(cString: entry)
            if !names.contains(where: { variable.hasPrefix("\($0)=") }) { variables.append(variable) }
            next = next?.advanced(by: 1)
        }
        return variables
    }
}
